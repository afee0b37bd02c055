// All actions on an open review. Components display the review and call these; the rules are in
// `edit.ts`.
import { messageOf, post } from '../api/client';
import type { Class, Decision, Effect, Followed, Job, Rect, ReviewTrack } from '../api/types';
import { classesText, clockText, many, maskNames, trackName } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { bareAt, boxAt, tidy } from './boxes';
import { coveredBy } from './covered';
import * as edit from './edit';
import { finished } from './materials';
import { OpenReview } from './open-review.svelte';
import { bestFrame, type CheckRow, listed, seedOf } from './select';
import { keepSpeech, secondsAround, type Speech, undecideSpeech } from './speech';
import { Spoken } from './spoken.svelte';

const verdictWord = {
  redact: 'hidden',
  keep: 'kept visible',
  reject: 'rejected as a false detection',
} as const;

export class ReviewSession extends OpenReview {
  /** What was said; `null` if nothing was transcribed. */
  readonly spoken = this.transcript === null ? null : new Spoken(this, this.transcript);
  #stoppedAt = 0;
  #shrunk = false;
  #rest: number | null = null; // the track made by a trim

  // ---- deciding

  decide(verdict: Decision['verdict']): void {
    if (this.chosenSpeech !== null) return this.#decideSpeech(this.chosenSpeech, verdict);
    if (this.spoken?.target != null) return this.spoken.decide(verdict);
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
    else this.change('Effect changed', edit.setEffect(this.#ids(), effect));
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
    else this.change('Reason changed', edit.setReason(this.#ids(), reason));
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
    if (!this.change(label, act(id, at, this.foundById), `trim-${side}-${id}`, true)) return;
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

  // ---- regions

  draw(rect: Rect): void {
    const { policy } = this.review;
    const start = this.player.frame;
    const five = this.clock.at(this.clock.start(start) + 5) + 1;
    const id = edit.freeId('region', this.document.drawn);
    this.change(
      'Region drawn',
      edit.addDrawn(
        {
          effect: { kind: 'fill' },
          reason: edit.firstReason(policy),
          start,
          end: Math.min(this.clock.frames, Math.max(start + 1, five)),
          keyframes: [[start, ...tidy(rect)]],
        },
        id,
      ),
    );
    this.drawing = false;
    this.selection = { kind: 'drawn', id };
  }

  moveRegion(id: string, rect: Rect): void {
    this.change('Region moved', edit.setKeyframe(id, this.player.frame, rect), `move-${id}`);
  }

  /**
   * Enlarges a track's box in this frame toward `rect`. The box never becomes smaller than what was
   * found: to show more, keep or split the track.
   */
  reshape(id: number, rect: Rect): void {
    const track = this.document.tracks.find((t) => t.id === id);
    const bare = track === undefined ? null : bareAt(track, this.player.frame, this.foundById);
    if (bare === null) return;
    const within = [rect[0] - bare[0], rect[1] - bare[1], bare[2] - rect[2], bare[3] - rect[3]];
    this.#shrunk ||= within.some((inward) => inward > 0.004);
    const act = edit.reshape(id, this.player.frame, rect, this.foundById);
    this.change('Box enlarged', act, `reshape-${id}`);
  }

  /** Ends a drag, and with it the joined undo step. */
  settleShape(): void {
    this.settle();
    if (this.#shrunk)
      toast(
        'A box cannot become smaller than what was found. To show more, keep or split the track.',
      );
    this.#shrunk = false;
  }

  removeSelected(): void {
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

  /** Follows the selected object: a region in both directions, a track after its end. */
  async follow(way: 'both' | 'back' | 'forward' = 'both'): Promise<void> {
    const region = this.region;
    const track = this.selected[0];
    const seed = seedOf(region, track, way, this.player.frame, this.foundById);
    if (seed === null || this.following) {
      if (!this.following) toast('Go to a frame that has the region, then follow.');
      return;
    }
    this.following = true;
    try {
      const job = await post<Job>(`/recordings/${this.recording.id}/follow`, {
        ...seed,
        back: way !== 'forward' && (region !== null || way === 'back'),
        forward: way !== 'back',
      });
      const done = await finished(job.id);
      const { path, start, end, stopped } = done.result as Followed;
      if (region !== null) {
        // Where the object was lost, the region keeps its length and stays in its last place.
        const span = { start: Math.min(region.start, start), end: Math.max(region.end, end) };
        this.change('Followed', edit.changeDrawn(region.id, { keyframes: path, ...span }));
      } else if (track !== undefined) {
        this.change('Followed', edit.addPath(track.id, path, start, end));
      }
      const lost = stopped.forward === 'lost' || stopped.back === 'lost';
      const [from, to] = [start, end].map((f) => clockText(this.clock.start(f)));
      this.tell(`Followed from ${from} to ${to}${lost ? ', then lost. Check what follows' : ''}`);
    } catch (error) {
      toast(messageOf(error), 'bad');
    } finally {
      this.following = false;
    }
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

  nextRisk(direction: 1 | -1): void {
    const list = this.toCheck;
    if (list.length === 0) return toast('This recording has nothing to check first.');
    const chosen = new Set(this.selected.map((t) => t.id));
    const at = list.findIndex(({ track }) => track !== null && chosen.has(track.id));
    const from = at < 0 && direction < 0 ? 0 : at;
    const next = list[(from + direction + list.length) % list.length];
    if (next !== undefined) this.showRisk(next);
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

  nextTrack(direction: 1 | -1): void {
    const list = this.tracks;
    const here = list.findIndex((t) => t.id === this.selected[0]?.id);
    const next = list[Math.max(0, Math.min(list.length - 1, here + direction))];
    if (next !== undefined) this.show(next, true);
  }

  time(): string {
    return clockText(this.clock.start(this.player.frame));
  }

  /** K: stops playback. A second press right after must not decide anything. */
  stopOrKeep(): void {
    const now = performance.now();
    if (this.player.moving) {
      this.player.pause();
      this.#stoppedAt = now;
    } else if (now - this.#stoppedAt > 600) this.decide('keep');
  }

  // ---- inside

  #ids(): ReadonlySet<number> {
    return new Set(this.selected.map((t) => t.id));
  }

  #hidden(): Extract<Decision, { verdict: 'redact' }> | undefined {
    return this.selected.map((t) => t.decision).find((d) => d?.verdict === 'redact');
  }
}
