// All actions on an open review. Components display the review and call these; the rules are in
// `edit.ts`.
import type { Class, Decision, Effect, ReviewTrack } from '../api/types';
import { classesText, clockText, effectText, many, maskNames, trackName } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { coveredBy } from './covered';
import * as edit from './edit';
import { Navigation } from './navigation.svelte';
import { keepSpeech, secondsAround, type Speech, undecideSpeech } from './speech';
import { Spoken } from './spoken.svelte';

const verdictWord = {
  redact: 'hidden',
  keep: 'kept visible',
  reject: 'rejected as a false detection',
} as const;

export class ReviewSession extends Navigation {
  /** What was said; `null` if nothing was transcribed. */
  readonly spoken = this.transcript === null ? null : new Spoken(this, this.transcript);
  #rest: number | null = null; // the track made by a trim

  // ---- deciding

  decide(verdict: Decision['verdict']): void {
    if (this.chosenSpeech !== null) return this.#decideSpeech(this.chosenSpeech, verdict);
    // Proposals are decided while they are heard: each is played by itself.
    if (this.spoken?.target != null) return this.spoken.decide(verdict);
    if (verdict !== 'redact' && this.#stopFirst()) return;
    const tracks = this.selected;
    if (tracks.length === 0) {
      toast(
        'Select a track first: press N for the next item to check, U for the next undecided track.',
      );
      return;
    }
    const wasUndecided = tracks.some((t) => t.decision === null);
    const ids = new Set(tracks.map((t) => t.id));
    const word = verdictWord[verdict];
    const name = tracks.length === 1 ? trackName(tracks[0]!) : many(tracks.length, 'track');
    const label = `${name} ${word}`;
    if (
      !this.change(
        label,
        edit.decide(this.review.policy, (t) => ids.has(t.id), verdict),
      )
    ) {
      toast(`${name} is already ${word}.`);
      return;
    }
    this.tell(label);
    if (verdict === 'keep') this.#warnCovered(ids);
    if (this.goOn && wasUndecided) this.nextUndecided(1, true);
    if (wasUndecided && this.counts.undecided === 0) this.#allDecided(label);
  }

  /** After the last decision, the inspector shows what comes next. */
  #allDecided(label: string): void {
    if (this.goOn) this.select(new Set());
    this.tell(`${label}. All tracks are decided: watch the preview once, then approve`);
  }

  /** While a recording plays, nothing may be revealed: the first press stops it. */
  #stopFirst(): boolean {
    if (!this.player.moving) return false;
    this.player.pause();
    toast('Playback stopped. Nothing was changed: check the picture, then press again.');
    return true;
  }

  /** Says that masks of others cover a person who was just kept. */
  #warnCovered(ids: ReadonlySet<number>): void {
    for (const track of this.document.tracks.filter((t) => ids.has(t.id))) {
      const covered = coveredBy(this.document, track, this.foundById);
      if (covered === null) continue;
      const masks = maskNames(covered.masks);
      const verb = covered.masks.length === 1 ? 'covers' : 'cover';
      toast(
        `${trackName(track)} is kept, but ${masks} ${verb} it in ${many(covered.frames, 'frame')}.`,
        'warn',
        {
          label: 'Show',
          act: () => {
            this.select(new Set([track.id]));
            this.player.pause();
            this.player.seek(covered.worst);
          },
        },
      );
      return;
    }
  }

  decideClass(of: Class, verdict: Decision['verdict']): void {
    const word = verdictWord[verdict];
    const all = (t: ReviewTrack): boolean => t.class === of;
    const label = `All ${classesText[of].toLowerCase()} ${word}`;
    if (this.change(label, edit.decide(this.review.policy, all, verdict))) this.tell(label);
  }

  decidePerson(verdict: Decision['verdict']): void {
    const track = this.selected[0];
    if (track === undefined) return;
    const same = edit.samePerson(track);
    const count = this.document.tracks.filter(same).length;
    const word = verdictWord[verdict];
    const label = `${track.person ?? trackName(track)} ${word} (${many(count, 'track')})`;
    if (this.change(label, edit.decide(this.review.policy, same, verdict))) this.tell(label);
  }

  hideAllButSelected(): void {
    if (this.#stopFirst()) return;
    const chosen = this.selected;
    if (chosen.length === 0) {
      toast('First select the track to keep.');
      return;
    }
    const keep = (t: ReviewTrack): boolean => chosen.some((c) => edit.samePerson(c)(t));
    const label = `Everything hidden except ${chosen[0]!.person ?? trackName(chosen[0]!)}`;
    if (this.change(label, edit.hideAllBut(this.review.policy, keep))) this.tell(label);
  }

  decideByPolicy(): void {
    const label = 'Undecided tracks decided by policy';
    if (
      this.change(
        label,
        edit.decideByPolicy(this.review.policy, () => true),
      )
    )
      this.tell(label);
  }

  undecide(): void {
    const ids = this.#ids();
    if (
      this.change(
        'Decision removed',
        edit.undecide((t) => ids.has(t.id)),
      )
    ) {
      this.tell('Decision removed');
    }
  }

  setEffect(effect: Effect): void {
    if (this.region?.shape !== undefined && effect.kind !== 'fill')
      toast('An ellipse or polygon can only be filled. Choose a rectangle to blur or pixelate it.');
    else if (this.region !== null)
      this.change('Effect changed', edit.changeDrawn(this.region.id, { effect }));
    else this.#changeTracks(effectText(effect), edit.setEffect(this.#ids(), effect));
  }

  /** Gives the hidden tracks of a class an effect, and hides the undecided ones with it. */
  setClassEffect(of: Class, effect: Effect): void {
    const act = edit.setClassEffect(this.review.policy, of, effect);
    this.#changeTracks(`${classesText[of]}: ${effectText(effect).toLowerCase()}`, act, true);
  }

  setClassReason(of: Class, reason: string): void {
    const hidden = this.document.tracks.filter(
      (t) => t.class === of && t.decision?.verdict === 'redact',
    );
    const act = edit.setReason(new Set(hidden.map((t) => t.id)), reason);
    this.#changeTracks(`${classesText[of]}: ${reason}`, act, true);
  }

  /** Selects all tracks of a class. */
  selectClass(of: Class): void {
    this.select(new Set(this.document.tracks.filter((t) => t.class === of).map((t) => t.id)));
  }

  /** Changes tracks, and says how many if it is more than one. */
  #changeTracks(what: string, act: edit.Edit, always = false): void {
    const before = this.document;
    if (!this.change(what, act)) return;
    const count = edit.changedTracks(before, this.document);
    if (always || count > 1) this.tell(`${what}, ${many(count, 'track')} changed`);
  }

  cycleEffect(): void {
    const now = this.region?.effect ?? this.#hidden()?.effect;
    if (now === undefined) return;
    this.setEffect(edit.nextEffect(now));
  }

  setReason(reason: string): void {
    if (this.region !== null)
      this.change('Reason changed', edit.changeDrawn(this.region.id, { reason }));
    else if (this.mute !== null)
      this.change('Reason changed', edit.changeMute(this.mute.id, { reason }));
    else if (this.chosenSpeech !== null) this.keepAudible(this.chosenSpeech, reason);
    else if (this.spoken?.target != null) this.spoken.keep(reason);
    else this.#changeTracks(`Reason: ${reason}`, edit.setReason(this.#ids(), reason));
  }

  setPerson(person: string | null): void {
    this.change('Same person', edit.setPerson(this.#ids(), person));
  }

  /** Gives tracks a name, or takes theirs away. */
  namePeople(ids: ReadonlySet<number>, name: string): void {
    const what = many(ids.size, 'track');
    const label = name.trim() === '' ? `${what} without a name` : `${what}: ${name.trim()}`;
    if (this.change(label, edit.setPerson(ids, name))) this.tell(label);
  }

  /** Decides tracks with a reason, in one step. */
  decidePeople(ids: ReadonlySet<number>, verdict: 'redact' | 'keep', reason: string): void {
    const decide = edit.decide(this.review.policy, (t) => ids.has(t.id), verdict);
    const why = edit.setReason(ids, reason);
    const label = `${many(ids.size, 'track')} ${verdictWord[verdict]}`;
    if (!this.change(label, (document) => why(decide(document)))) return;
    this.tell(label);
    if (verdict === 'keep') this.#warnCovered(ids);
  }

  /** The policy's reason to hide a class, if it fits. */
  reasonFor(of: Class): string | null {
    const decision = edit.decisionOf(this.review.policy, of, 'redact');
    return decision.reason;
  }

  /** A name that nobody has: `person 1`. */
  newPerson(): string {
    const known = new Set(this.document.tracks.map((t) => t.person));
    let number = 1;
    while (known.has(`person ${number}`)) number += 1;
    return `person ${number}`;
  }

  acknowledge(of: Class, accepted: boolean): void {
    this.change(`${classesText[of]} unexamined`, edit.acknowledge(of, accepted));
  }

  // ---- tracks over time

  split(): void {
    const track = this.selected[0];
    if (track === undefined || this.selected.length > 1) return toast('Select one track to split.');
    if (this.change('Track split', edit.split(track.id, this.player.frame, this.foundById))) {
      this.tell(`${trackName(track)} split at ${this.time()}`);
    } else toast('The playhead must be inside the track.');
  }

  merge(): void {
    const no = edit.cannotMerge(this.selected);
    if (no !== null) return toast(no);
    const ids = this.#ids();
    if (this.change('Tracks merged', edit.merge(ids))) {
      this.select(new Set([Math.min(...ids)]));
      this.tell(`${many(ids.size, 'track')} merged into one`);
    }
  }

  /** Trims or extends the selection to start or end at this frame. */
  trim(side: 'start' | 'end', frame = this.player.frame): void {
    const track = this.selected[0];
    const at = side === 'start' ? frame : frame + 1;
    if (this.region !== null) {
      const label = side === 'start' ? 'Start changed' : 'End changed';
      this.change(label, edit.changeDrawn(this.region.id, { [side]: at }), `trim-${side}`);
    } else if (track !== undefined && this.selected.length === 1) {
      this.trimTrack(track.id, side, at);
      this.sayRest();
    } else toast('Select one track or region first.');
  }

  /** Trims or extends a track. Of consecutive calls for one track and side, the last one counts. */
  trimTrack(id: number, side: 'start' | 'end', at: number): void {
    const act = side === 'start' ? edit.startAt : edit.endAt;
    const label = side === 'start' ? 'Start changed' : 'End changed';
    const before = new Set(this.document.tracks.map((t) => t.id));
    if (
      !this.change(label, act(id, at, this.foundById), `trim-${side}-${id}`, {
        fromStepStart: true,
      })
    )
      return;
    const made = this.document.tracks.find((t) => !before.has(t.id));
    if (made !== undefined) this.#rest = made.id;
  }

  /** Tells the user about the track made of the frames that a trim removed. */
  sayRest(): void {
    const rest = this.document.tracks.find((t) => t.id === this.#rest);
    this.#rest = null;
    if (rest === undefined) return;
    const text =
      `The part outside is now ${trackName(rest)}, undecided: ` +
      'hide it, keep it, or reject it as a false detection.';
    toast(text, 'info', { label: 'Reject', act: () => this.#reject(rest.id) });
  }

  #reject(id: number): void {
    this.change(
      'Rest rejected',
      edit.decide(this.review.policy, (t) => t.id === id, 'reject'),
    );
  }

  /** Makes tracks of found boxes that belong to no track. */
  putBack(): void {
    const before = new Set(this.document.tracks.map((t) => t.id));
    if (!this.change('Put back', edit.putBack(this.foundById))) return;
    const made = this.document.tracks.filter((t) => !before.has(t.id));
    this.select(new Set(made.map((t) => t.id)));
    this.tell(`${many(made.length, 'track')} put back, undecided`);
  }

  removeSelected(): void {
    if ((this.region ?? this.mute) !== null && this.#stopFirst()) return;
    if (this.region !== null) {
      this.change('Region removed', edit.removeDrawn(this.region.id));
      this.tell('Region removed');
    } else if (this.mute !== null) {
      const { start_seconds: start, end_seconds: end } = this.mute;
      this.change('Mute removed', edit.removeMute(this.mute.id));
      const heard = this.undecidedSpeech.find((s) => s.start < end * 1e9 && start * 1e9 < s.end);
      if (heard !== undefined) {
        this.selection = { kind: 'speech', number: heard.number };
        this.tell('Mute removed. Choose why the speech stays audible, or mute it');
        return;
      }
      this.tell('Mute removed');
    } else if (this.chosenSpeech !== null) {
      this.undecideSpeech(this.chosenSpeech);
      return;
    } else if (this.selected.length > 0) {
      this.undecide();
      return;
    } else if (this.spoken?.target != null) {
      this.spoken.uncheck();
      return;
    }
    this.selection = { kind: 'none' };
  }

  // ---- sound

  markMuteIn(): void {
    this.muteIn = this.clock.start(this.player.frame);
    toast(`Mute starts at ${clockText(this.muteIn)}. Go to its end and press ].`);
  }

  markMuteOut(): void {
    const end = this.clock.start(this.player.frame + 1);
    if (this.mute !== null && this.muteIn === null) {
      this.change('End of mute', edit.changeMute(this.mute.id, { end_seconds: edit.millis(end) }));
      return;
    }
    if (this.muteIn === null || end <= this.muteIn) {
      return toast('Mark the start first: go there and press [.');
    }
    this.addMute(this.muteIn, end);
    this.muteIn = null;
  }

  addMute(start: number, end: number): string {
    const { style, reason } = this.review.policy.audio;
    const id = edit.freeId('mute', this.document.mutes);
    const span = { start_seconds: edit.millis(start), end_seconds: edit.millis(end) };
    this.change('Sound muted', edit.addMute({ ...span, sound_tracks: 'all', style, reason }, id));
    this.selection = { kind: 'mute', id };
    this.tell(`Muted from ${clockText(start)} to ${clockText(end)}`);
    return id;
  }

  muteSpeech(): void {
    const { policy } = this.review;
    const asked = this.speech.filter((s) => s.audible.length > 0);
    const act: edit.Edit =
      this.speech.length === 0
        ? edit.muteSpeech(policy, this.found.speech ?? [])
        : (document) => asked.reduce((next, s) => this.#muting(s)(next), document);
    const what = policy.audio.mute === 'personal' ? 'What the policy mutes' : 'All speech';
    if (this.change(`${what} muted`, act)) this.tell(`${what} is muted`);
    else toast(`${what} is already muted.`);
  }

  /** Mutes a span of speech as the policy does. */
  muteStretch(speech: Speech): void {
    if (this.change('Speech muted', this.#muting(speech))) this.tell('Speech muted');
  }

  keepAudible(speech: Speech, reason: string): void {
    if (this.change('Speech kept audible', keepSpeech(speech.audible, reason))) {
      this.tell('Speech kept audible');
    }
  }

  undecideSpeech(speech: Speech): void {
    this.change('Decision removed', undecideSpeech([[speech.start, speech.end]]));
  }

  showSpeech(speech: Speech): void {
    this.selection = { kind: 'speech', number: speech.number };
    this.player.pause();
    this.player.seekSeconds(Math.max(0, Math.min(this.clock.seconds, speech.start / 1e9)));
  }

  #muting(speech: Speech): edit.Edit {
    const { style } = this.review.policy.audio;
    const { reason } = speech;
    const [start_seconds, end_seconds] = secondsAround([speech.start, speech.end]);
    return edit.addMute({ start_seconds, end_seconds, sound_tracks: 'all', style, reason });
  }

  #decideSpeech(speech: Speech, verdict: Decision['verdict']): void {
    if (verdict === 'redact') return this.muteStretch(speech);
    document.querySelector<HTMLElement>('[data-focus="reason"]')?.focus();
    toast('Choose why it stays audible.');
  }

  // ---- inside

  #ids(): ReadonlySet<number> {
    return new Set(this.selected.map((t) => t.id));
  }

  #hidden(): Extract<Decision, { verdict: 'redact' }> | undefined {
    return this.selected.map((t) => t.decision).find((d) => d?.verdict === 'redact');
  }
}
