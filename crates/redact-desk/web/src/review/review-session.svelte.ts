// All actions on an open review. Components display the review and call these; the rules are in
// `edit.ts`.
import { go } from '../lib/router.svelte';
import type { Class, Decision, Effect, Rect, ReviewTrack } from '../api/types';
import { classesText, clockText, effectText, many, maskNames, trackName } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { boxAt, drawnAt, spanOf } from './boxes';
import { coveredBy } from './covered';
import * as edit from './edit';
import { RegionSession } from './region-session.svelte';
import { checkedGap, type Gap, keyframeNear, regionName } from './regions';
import {
  bestFrame,
  type CheckEntry,
  type CheckRow,
  entryKey,
  type Filter,
  listed,
  nextEntry,
  rowKey,
} from './select';
import { keepSpeech, secondsAround, type Speech, undecideSpeech } from './speech';
import { Spoken } from './spoken.svelte';

const verdictWord = {
  redact: 'hidden',
  keep: 'kept visible',
  reject: 'rejected as a false detection',
} as const;

const FILTERS: readonly Filter[] = ['all', 'undecided', 'hidden', 'kept', 'rejected'];

export class ReviewSession extends RegionSession {
  /** What was said; `null` if nothing was transcribed. */
  readonly spoken = this.transcript === null ? null : new Spoken(this, this.transcript);
  #through = false; // the list to check first was shown to its end
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
    if (this.region !== null)
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

  // ---- going about

  select(ids: ReadonlySet<number>): void {
    this.selection = ids.size === 0 ? { kind: 'none' } : { kind: 'tracks', ids };
  }

  /** A click on a track. Ctrl adds it to the selection; Shift adds the range. */
  pick(id: number, how: 'one' | 'more' | 'range' = 'one'): void {
    const now = this.selection.kind === 'tracks' ? this.selection.ids : new Set<number>();
    if (how === 'more') {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return this.select(next);
    }
    if (how === 'range' && now.size > 0) {
      const order = this.tracks.map((t) => t.id);
      const ends = [...now, id].map((i) => order.indexOf(i)).filter((i) => i >= 0);
      return this.select(new Set(order.slice(Math.min(...ends), Math.max(...ends) + 1)));
    }
    this.select(new Set([id]));
  }

  /** Selects a track and goes to the frame that shows it best. */
  show(track: ReviewTrack, always = false): void {
    this.select(new Set([track.id]));
    if (always || boxAt(track, this.player.frame, this.foundById) === null) {
      this.player.pause();
      this.player.seek(bestFrame(track, this.foundById));
    }
  }

  /** Selects a track to check first and goes to its worst frame. */
  showRisk({ risk, track }: CheckRow): void {
    this.player.pause();
    if (track !== null) this.select(new Set([track.id]));
    const best = track === null ? risk.start : bestFrame(track, this.foundById);
    const inside = best >= risk.start && best < risk.end;
    this.player.seek(risk.frame ?? (inside ? best : risk.start));
  }

  /** Shows frames in which following lost the object of a region. */
  showGap({ region, start }: Gap): void {
    this.player.pause();
    this.selection = { kind: 'drawn', id: region.id };
    this.player.seek(start);
  }

  /** A person has checked the frames in which following lost the object. */
  checkGap(gap: Gap): void {
    if (this.change('Frames checked', checkedGap(gap.region, gap.start)))
      this.tell(`${regionName(gap.region)}: frames checked`);
  }

  /** Shows an entry of the list to check first, and marks it as seen. */
  showEntry(entry: CheckEntry): void {
    if (entry.kind === 'gap') this.showGap(entry.gap);
    else this.showRisk(entry.row);
    this.shown = entryKey(entry);
    this.seen = new Set([...this.seen, this.shown]);
  }

  /** N: goes through the list to check first once, and says when it is through. */
  nextRisk(direction: 1 | -1): void {
    const list = this.entries;
    if (list.length === 0) return toast('This recording has nothing to check first.');
    const keys = list.map(entryKey);
    const at = this.shown === null ? -1 : keys.indexOf(this.shown);
    let next = nextEntry(keys, this.seen, at, direction);
    if (next === null && direction === 1) {
      if (!this.#through) {
        this.#through = true;
        const all = list.length === 1 ? 'The item' : `All ${list.length} items`;
        return toast(`${all} to check first: seen. Press N to go through the list again.`, 'ok');
      }
      next = at + 1 < list.length ? at + 1 : 0;
      if (next === list.length - 1) this.#through = false;
    }
    const entry = next === null ? undefined : list[next];
    if (entry !== undefined) this.showEntry(entry);
  }

  nextUndecided(direction: 1 | -1, quiet = false): void {
    const list = listed(this.document, 'undecided', this.order, (t) => this.riskOf(t));
    if (list.length === 0) {
      if (!quiet) toast('Every track is decided.', 'ok');
      return;
    }
    // Search in the order of all tracks, because the current one may be decided by now.
    const all = listed(this.document, 'all', this.order, (t) => this.riskOf(t));
    const here = all.findIndex((t) => t.id === this.selected[0]?.id);
    const at = (track: ReviewTrack): number => all.findIndex((t) => t.id === track.id);
    const next =
      direction === 1
        ? (list.find((t) => at(t) > here) ?? list[0])
        : (list.findLast((t) => at(t) < here) ?? list.at(-1));
    if (next !== undefined) this.show(next, true);
  }

  /** The entry before or after the one shown last, seen or not. */
  stepEntry(by: 1 | -1): void {
    const at = this.entries.findIndex((entry) => entryKey(entry) === this.shown);
    const next = this.entries[Math.max(0, Math.min(this.entries.length - 1, at + by))];
    if (next !== undefined) this.showEntry(next);
  }

  /** The box of what is selected in a frame; `null` if it is not one thing, or not there. */
  selectedRect(frame: number): Rect | null {
    if (this.region !== null) return drawnAt(this.region, frame);
    const track = this.selected.length === 1 ? this.selected[0]! : null;
    return track === null ? null : boxAt(track, frame, this.foundById);
  }

  /** The row of the list that is selected; -1: none. */
  get rowAt(): number {
    const { selection } = this;
    const key =
      selection.kind === 'drawn' ? `region-${selection.id}` : `track-${this.selected[0]?.id}`;
    return this.rows.findIndex((row) => rowKey(row) === key);
  }

  /** The next track or region in the list. */
  nextTrack(direction: 1 | -1): void {
    const here = this.rowAt;
    const at = here < 0 && direction < 0 ? 0 : here + direction;
    const next = this.rows[Math.max(0, Math.min(this.rows.length - 1, at))];
    if (next?.kind === 'track') this.show(next.track, true);
    else if (next !== undefined) this.showRegion(next.region);
  }

  /** Adds the next or previous track of the list to the selection. */
  extendSelection(direction: 1 | -1): void {
    const list = this.tracks;
    const places = this.selected.map((t) => list.indexOf(t)).filter((i) => i >= 0);
    if (places.length === 0) return this.nextTrack(direction);
    const edge = direction === 1 ? Math.max(...places) : Math.min(...places);
    const next = list[edge + direction];
    if (next !== undefined) this.pick(next.id, 'range');
  }

  /** Shows the next of: all, undecided, hidden, kept, rejected tracks. */
  cycleFilter(): void {
    this.filter = FILTERS[(FILTERS.indexOf(this.filter) + 1) % FILTERS.length]!;
    toast(`The list shows ${this.filter} tracks: ${this.tracks.length}.`);
  }

  /** Goes to the keyframe or correction before or after this frame. */
  nextKeyframe(direction: 1 | -1): void {
    const rows = this.region?.keyframes ?? this.selected[0]?.margins ?? [];
    const frame = keyframeNear(rows, this.player.frame, direction);
    if (frame === null) return toast('There is no further keyframe or correction.');
    this.player.pause();
    this.player.seek(frame);
  }

  /** Plays the selection from its first to its last frame. */
  playSelected(): void {
    const track = this.selected[0];
    const span = this.region ?? (track === undefined ? null : spanOf(track));
    if (span === null) return toast('Select a track or a region first.');
    this.player.playSpan(this.clock.start(span.start), this.clock.start(span.end));
  }

  /** Goes to a time or a frame as a person wrote it. */
  goTo(text: string): boolean {
    const frame = this.clock.named(text);
    if (frame === null) {
      const end = clockText(this.clock.seconds);
      toast(
        `Cannot go to “${text}”: expected a time up to ${end}, such as 0:04.5, or a frame up to ` +
          `${this.clock.frames - 1}, such as f120.`,
        'bad',
      );
      return false;
    }
    this.player.pause();
    this.player.seek(frame);
    return true;
  }

  /** Saves everything and opens the approval. */
  async approve(): Promise<void> {
    if (await this.flush()) go('review', this.review.id, 'approve');
    else toast('Not everything is saved yet. Wait a moment and try again.', 'bad');
  }

  time(): string {
    return clockText(this.clock.start(this.player.frame));
  }

  // ---- inside

  #ids(): ReadonlySet<number> {
    return new Set(this.selected.map((t) => t.id));
  }

  #hidden(): Extract<Decision, { verdict: 'redact' }> | undefined {
    return this.selected.map((t) => t.decision).find((d) => d?.verdict === 'redact');
  }
}
