// Going about in an open review: selecting, and finding what comes next.
import { go } from '../lib/router.svelte';
import type { Rect, ReviewTrack } from '../api/types';
import { clockText } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { boxAt, drawnAt, spanOf } from './boxes';
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

const FILTERS: readonly Filter[] = ['all', 'undecided', 'hidden', 'kept', 'rejected'];

export abstract class Navigation extends RegionSession {
  #through = false; // the list to check first was shown to its end

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
}
