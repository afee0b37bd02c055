// Actions on what is drawn in the picture: regions, the boxes of tracks, and following.
import { messageOf, post } from '../api/client';
import type { Drawn, Followed, Job, Rect, Shape } from '../api/types';
import { clockText } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { bareAt, boxAt, drawnAt, tidy } from './boxes';
import { Drawing, LEAST } from './drawing.svelte';
import * as edit from './edit';
import { finished } from './materials';
import { OpenReview } from './open-review.svelte';
import { followed, hideOutside, regionName, WHOLE_PICTURE } from './regions';
import { seedOf } from './select';
import { type Point, polygonOf, setShape, SHAPE_NAMES, type ShapeKind } from './shapes';

/** A step of the arrow keys, as a fraction of the picture. */
const STEP = 0.005;
/** Nudges within this time are undone as one, milliseconds. */
const BURST = 1000;

export abstract class RegionSession extends OpenReview {
  readonly sketch = new Drawing();
  #shrunk = false;

  // ---- drawing

  /** Starts or ends drawing. With the keys, a region waits in the middle of the picture. */
  toggleDrawing(withKeys: boolean): void {
    if (this.drawing) return this.stopDrawing();
    this.player.pause();
    this.sketch.begin();
    this.drawing = true;
    if (withKeys) this.#place();
  }

  stopDrawing(): void {
    this.drawing = false;
    this.sketch.begin();
  }

  /** An arrow key while drawing: moves what waits to be placed, or changes its size. */
  arrow(x: number, y: number, grow: boolean): void {
    const { sketch } = this;
    if (sketch.pending === null && sketch.cursor === null) this.#place();
    // In an enlarged picture the steps are smaller; a cursor goes further with Shift.
    const step = (STEP * (grow && sketch.cursor !== null ? 8 : 2)) / this.zoom.level;
    sketch.move(x * step, y * step, grow);
  }

  /** Chooses what is drawn. */
  chooseShape(kind: ShapeKind): void {
    const withKeys = this.sketch.pending !== null || this.sketch.cursor !== null;
    this.sketch.choose(kind);
    if (withKeys && this.sketch.pending === null) this.#place();
  }

  /** A corner of a polygon; at the first one, it is drawn. */
  addCorner(at: Point): void {
    if (this.sketch.corner(at)) this.commitDrawing();
  }

  /** Draws what waits to be placed, or the polygon with the corners so far. */
  commitDrawing(): void {
    const { kind, pending, points, isPolygon } = this.sketch;
    if (kind !== 'polygon') {
      if (pending !== null) this.draw(pending);
    } else if (isPolygon) {
      const { rect, shape } = polygonOf(points);
      this.draw(rect, shape);
    } else toast('A polygon needs at least three corners.');
  }

  /** With the keys, drawing begins in the middle of what is in view; the keys belong to it. */
  #place(): void {
    document.querySelector<HTMLElement>('[data-focus="picture"]')?.focus({ preventScroll: true });
    const { x, y, level } = this.zoom;
    this.sketch.place([x, y], level);
  }

  /** Draws the outline of a region again, as a polygon. */
  drawAgain(region: Drawn, withKeys: boolean): void {
    this.player.pause();
    this.sketch.begin(region.id);
    this.sketch.kind = 'polygon';
    this.drawing = true;
    if (withKeys) this.#place();
  }

  /** Makes a region a rectangle or an ellipse. */
  setShape(region: Drawn, kind: 'rectangle' | 'ellipse'): void {
    const shape: Shape | null = kind === 'ellipse' ? { kind } : null;
    if (!this.change('Shape changed', setShape(region.id, shape))) return;
    const filled = shape !== null && region.effect.kind !== 'fill';
    this.tell(`${SHAPE_NAMES[kind]}${filled ? ', filled with black' : ''}`);
  }

  /** Draws a region that lasts five seconds. Why it hides something is chosen by a person. */
  draw(rect: Rect, outline?: Shape): void {
    const shape: Shape | undefined = this.sketch.kind === 'ellipse' ? { kind: 'ellipse' } : outline;
    const again = this.document.drawn.find((d) => d.id === this.sketch.replaces);
    if (again !== undefined) return this.#redraw(again, rect, shape ?? null);
    const start = this.player.frame;
    const five = this.clock.at(this.clock.start(start) + 5) + 1;
    const id = edit.freeId('region', this.document.drawn);
    this.change(
      'Region drawn',
      edit.addDrawn(
        {
          effect: { kind: 'fill' },
          reason: edit.NO_REASON,
          start,
          end: Math.min(this.clock.frames, Math.max(start + 1, five)),
          keyframes: [[start, ...tidy(rect)]],
          ...(shape === undefined ? {} : { shape }),
        },
        id,
      ),
    );
    this.stopDrawing();
    this.selection = { kind: 'drawn', id };
  }

  /** Gives a region another place in this frame, and another outline in all of its frames. */
  #redraw(region: Drawn, rect: Rect, shape: Shape | null): void {
    const place = edit.setKeyframe(region.id, this.player.frame, rect);
    const outline = setShape(region.id, shape);
    this.change('Shape changed', (document) => outline(place(document)));
    this.stopDrawing();
    this.tell('The region has its new outline in all of its frames');
  }

  /** Selects a region and goes to where it is. */
  showRegion(region: Drawn): void {
    this.selection = { kind: 'drawn', id: region.id };
    if (drawnAt(region, this.player.frame) !== null) return;
    this.player.pause();
    this.player.seek(region.start);
  }

  coverPicture(region: Drawn): void {
    const row = [region.start, ...WHOLE_PICTURE] as [number, ...Rect];
    const cover = edit.changeDrawn(region.id, { keyframes: [row] });
    // The corners of the picture belong to it.
    this.change('Whole picture', (document) => cover(setShape(region.id, null)(document)));
  }

  /** Hides everything except what the region covers. */
  hideOutside(region: Drawn): void {
    if (!this.change('Everything else hidden', hideOutside(region))) return;
    this.selection = { kind: 'none' };
    this.tell(`Everything except ${regionName(region)} is hidden`);
  }

  /** Shows the recording beside the preview, or the preview alone. */
  toggleCompare(): void {
    this.compare = this.compare === null ? 50 : null;
    if (this.compare === null) return;
    this.player.pause();
    this.preview = true;
  }

  // ---- moving and resizing

  moveRegion(id: string, rect: Rect): void {
    this.change('Region moved', edit.setKeyframe(id, this.player.frame, rect), `move-${id}`);
  }

  /** Moves the selected region, or enlarges it; enlarges the box of a selected track. */
  nudge(x: number, y: number, grow: boolean): void {
    const { region, selected } = this;
    const { frame } = this.player;
    const track = selected.length === 1 ? selected[0]! : null;
    const rect =
      region !== null
        ? drawnAt(region, frame)
        : track !== null
          ? boxAt(track, frame, this.foundById)
          : null;
    if (rect === null) return;
    const [left, top, right, bottom] = rect;
    const [dx, dy] = [x * STEP, y * STEP];
    const [label, join] = grow ? ['Size changed', 'size'] : ['Moved', 'move'];
    if (region !== null) {
      const next: Rect = grow
        ? [left, top, right + dx, bottom + dy]
        : [left + dx, top + dy, right + dx, bottom + dy];
      const act = edit.setKeyframe(region.id, frame, next);
      this.change(`Region: ${label.toLowerCase()}`, act, `nudge-${join}-${region.id}`, {
        within: BURST,
      });
    } else if (track !== null) {
      // A found box cannot move, so it grows on that side.
      const [west, north] = [Math.min(0, grow ? 0 : dx), Math.min(0, grow ? 0 : dy)];
      const [east, south] = [grow ? dx : Math.max(0, dx), grow ? dy : Math.max(0, dy)];
      const next: Rect = [left + west, top + north, right + east, bottom + south];
      this.reshape(track.id, next, BURST);
    }
  }

  /**
   * Enlarges a track's box in this frame toward `rect`. The box never becomes smaller than what was
   * found: to show more, keep or split the track. Changes within `within` milliseconds are one step.
   */
  reshape(id: number, rect: Rect, within = Infinity): void {
    const track = this.document.tracks.find((t) => t.id === id);
    const bare = track === undefined ? null : bareAt(track, this.player.frame, this.foundById);
    if (bare === null) return;
    const inward = [rect[0] - bare[0], rect[1] - bare[1], bare[2] - rect[2], bare[3] - rect[3]];
    this.#shrunk ||= inward.some((by) => by > LEAST);
    const act = edit.reshape(id, this.player.frame, rect, this.foundById);
    this.change('Box enlarged', act, `reshape-${id}`, { within });
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

  // ---- following

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
      const found = done.result as Followed;
      const { path, start, end, stopped } = found;
      const now = this.document.drawn.find((d) => d.id === region?.id);
      if (now !== undefined) this.change('Followed', followed(now, found));
      else if (track !== undefined && region === null) {
        this.change('Followed', edit.addPath(track.id, path, start, end));
      }
      const lost = stopped.forward === 'lost' || stopped.back === 'lost';
      const [from, to] = [start, end].map((f) => clockText(this.clock.start(f)));
      const rest = region === null ? 'Check what follows' : 'Check the frames listed first';
      this.tell(`Followed from ${from} to ${to}${lost ? `, then lost. ${rest}` : ''}`);
    } catch (error) {
      toast(messageOf(error), 'bad');
    } finally {
      this.following = false;
    }
  }
}
