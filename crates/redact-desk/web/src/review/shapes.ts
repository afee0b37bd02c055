// Outlines of regions that are not rectangles. Same rules as on the server, which are the ones that
// count: this is for display only.
import type { Drawn, Rect, Shape } from '../api/types';
import { tidy } from './boxes';
import type { Edit } from './edit';

export type ShapeKind = 'rectangle' | Shape['kind'];
/** A place in the picture or in a box, as fractions of it. */
export type Point = [x: number, y: number];

export const SHAPE_NAMES: Record<ShapeKind, string> = {
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  polygon: 'Polygon',
};

/** The most points of a polygon, and the fewest. */
export const POINTS_MAX = 32;
export const POINTS_MIN = 3;

export const kindOf = (region: Pick<Drawn, 'shape'>): ShapeKind =>
  region.shape?.kind ?? 'rectangle';

/** The box around points of the picture, and their outline in it. */
export function polygonOf(points: readonly Point[]): { rect: Rect; shape: Shape } {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const rect = tidy([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
  const [left, top, right, bottom] = rect;
  const share = (at: number, from: number, to: number): number =>
    Math.round(Math.max(0, Math.min(1, (at - from) / (to - from))) * 1e5) / 1e5;
  const inBox = points.map(([x, y]): Point => [share(x, left, right), share(y, top, bottom)]);
  return { rect, shape: { kind: 'polygon', points: inBox } };
}

/** Gives a region another outline. Only a black box can have one that is not a rectangle. */
export function setShape(id: string, shape: Shape | null): Edit {
  return (document) => ({
    ...document,
    drawn: document.drawn.map((region) => {
      if (region.id !== id || (shape === null && region.shape === undefined)) return region;
      const { shape: _, ...bare } = region;
      return shape === null ? bare : { ...bare, shape, effect: { kind: 'fill' } };
    }),
  });
}

/** Whether a region at `rect` hides a place of the picture. */
export function hides(shape: Shape | undefined, rect: Rect, [x, y]: Point): boolean {
  const [left, top, right, bottom] = rect;
  if (x < left || x > right || y < top || y > bottom) return false;
  if (shape === undefined) return true;
  const at: Point = [(x - left) / (right - left), (y - top) / (bottom - top)];
  if (shape.kind === 'ellipse') return Math.hypot(2 * at[0] - 1, 2 * at[1] - 1) <= 1;
  return winding(shape.points, at) !== 0;
}

/** How often a polygon goes around a place, counted down where it goes the other way. */
function winding(points: readonly Point[], [x, y]: Point): number {
  let turns = 0;
  points.forEach(([fromX, fromY], i) => {
    const [toX, toY] = points[(i + 1) % points.length]!;
    if (fromY <= y === toY <= y) return;
    const at = fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX);
    if (at > x) turns += fromY <= y ? 1 : -1;
  });
  return turns;
}
