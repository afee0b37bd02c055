// A region while it is drawn: a rectangle or ellipse that waits to be placed, or the corners of a
// polygon.
import type { Rect } from '../api/types';
import { tidy } from './boxes';
import { type Point, POINTS_MAX, POINTS_MIN, type ShapeKind } from './shapes';

/** The sides of a region that the keys place, as fractions of the picture in view. */
const NEW_SIZE = 0.2;
/** The shortest side of a region. */
export const LEAST = 0.004;
/** What a click must be near to in order to close a polygon, as a fraction of the picture. */
const NEAR = 0.015;

const within = (value: number): number => Math.max(0, Math.min(1, value));

export class Drawing {
  /** What is drawn; stays for the next region. */
  kind = $state<ShapeKind>('rectangle');
  /** The region whose outline is drawn again; `null`: a new region. */
  replaces = $state<string | null>(null);
  /** The rectangle or ellipse that the keys place, before it is drawn. */
  pending = $state.raw<Rect | null>(null);
  /** The corners of a polygon so far. */
  points = $state.raw<readonly Point[]>([]);
  /** Where the next corner would be. */
  cursor = $state.raw<Point | null>(null);

  begin(replaces: string | null = null): void {
    this.replaces = replaces;
    this.pending = null;
    this.points = [];
    this.cursor = null;
  }

  /** Chooses what is drawn; what has been drawn so far is given up. */
  choose(kind: ShapeKind): void {
    const waits = this.pending;
    this.begin(this.replaces);
    this.kind = kind;
    // A rectangle that waits becomes an ellipse, and the other way around.
    if (kind !== 'polygon') this.pending = waits;
  }

  /** Places a region, or the cursor of a polygon, in the middle of what is in view. */
  place([x, y]: Point, level: number): void {
    if (this.kind === 'polygon') {
      this.cursor = [x, y];
      return;
    }
    const half = NEW_SIZE / level / 2;
    this.pending = tidy([x - half, y - half, x + half, y + half]);
  }

  /** Moves what waits by a part of the picture, or changes its size. */
  move(dx: number, dy: number, grow: boolean): void {
    if (this.cursor !== null) {
      this.cursor = [within(this.cursor[0] + dx), within(this.cursor[1] + dy)];
      return;
    }
    if (this.pending === null) return;
    const [left, top, right, bottom] = this.pending;
    if (grow) {
      const wide = Math.max(left + LEAST, Math.min(1, right + dx));
      this.pending = [left, top, wide, Math.max(top + LEAST, Math.min(1, bottom + dy))];
      return;
    }
    const [x, y] = [
      Math.max(-left, Math.min(1 - right, dx)),
      Math.max(-top, Math.min(1 - bottom, dy)),
    ];
    this.pending = [left + x, top + y, right + x, bottom + y];
  }

  /** Adds a corner; `true` if it closes the polygon. */
  corner(at: Point): boolean {
    const first = this.points[0];
    const closes = first !== undefined && Math.hypot(at[0] - first[0], at[1] - first[1]) < NEAR;
    if (closes && this.isPolygon) return true;
    const last = this.points.at(-1);
    const repeats = last !== undefined && last[0] === at[0] && last[1] === at[1];
    if (!repeats && this.points.length < POINTS_MAX) this.points = [...this.points, at];
    return this.points.length === POINTS_MAX;
  }

  removeCorner(): void {
    this.points = this.points.slice(0, -1);
  }

  /** Whether there are enough corners for a polygon. */
  get isPolygon(): boolean {
    return this.points.length >= POINTS_MIN;
  }
}
