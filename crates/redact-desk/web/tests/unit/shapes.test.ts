import { expect, test } from 'vitest';
import type { Drawn, Rect, Shape } from '../../src/api/types';
import { Drawing } from '../../src/review/drawing.svelte';
import { hides, kindOf, type Point, polygonOf, setShape } from '../../src/review/shapes';
import { DOCUMENT } from './scene';

const BOX: Rect = [0.25, 0.5, 0.75, 1];
const REGION: Drawn = {
  id: 'region-1',
  effect: { kind: 'blur', cells_across: 4 },
  reason: 'privacy-face',
  start: 0,
  end: 9,
  keyframes: [[0, ...BOX]],
};
const polygon = (...points: Point[]): Shape => ({ kind: 'polygon', points });

// Goal: the page says what the renderer hides; the same places as in shape.rs.
test('an ellipse lacks the corners of its box, a polygon holds what it goes around', () => {
  const round: Shape = { kind: 'ellipse' };
  for (const at of [
    [0.5, 0.75],
    [0.26, 0.75],
    [0.5, 0.99],
    [0.65, 0.9],
  ] as Point[])
    expect(hides(round, BOX, at), String(at)).toBe(true);
  for (const at of [
    [0.26, 0.51],
    [0.74, 0.99],
    [0.5, 0.49],
    [0.8, 0.75],
  ] as Point[])
    expect(hides(round, BOX, at), String(at)).toBe(false);
  const star = polygon([0.5, 0], [0.8, 1], [0, 0.4], [1, 0.4], [0.2, 1]);
  expect(hides(star, BOX, [0.5, 0.75])).toBe(true);
  const arrow = polygon([0, 0], [1, 0], [1, 1], [0.5, 0.2], [0, 1]);
  expect(hides(arrow, BOX, [0.3, 0.6])).toBe(true);
  expect(hides(arrow, BOX, [0.5, 0.8])).toBe(false);
  // Control: without an outline, all of the box is hidden.
  expect(hides(undefined, BOX, [0.26, 0.51])).toBe(true);
});

test('the corners of a polygon touch its box, and are where they were drawn', () => {
  const drawn: Point[] = [
    [0.3, 0.2],
    [0.6, 0.4],
    [0.4, 0.7],
  ];
  const { rect, shape } = polygonOf(drawn);
  expect(rect).toEqual([0.3, 0.2, 0.6, 0.7]);
  const points = shape.kind === 'polygon' ? shape.points : [];
  const back = points.map(([x, y]) => [0.3 + x * 0.3, 0.2 + y * 0.5]);
  back.forEach(([x, y], i) => {
    expect(x).toBeCloseTo(drawn[i]![0], 4);
    expect(y).toBeCloseTo(drawn[i]![1], 4);
  });
});

test('another outline than a rectangle is filled', () => {
  const with1 = { ...DOCUMENT, drawn: [REGION] };
  const round = setShape('region-1', { kind: 'ellipse' })(with1).drawn[0]!;
  expect([kindOf(round), round.effect.kind]).toEqual(['ellipse', 'fill']);
  const again = setShape('region-1', null)({ ...DOCUMENT, drawn: [round] }).drawn[0]!;
  expect(kindOf(again)).toBe('rectangle');
  expect(again).not.toHaveProperty('shape');
});

test('a polygon is closed at its first corner, or with its thirty-second one', () => {
  const sketch = new Drawing();
  sketch.choose('polygon');
  expect(sketch.corner([0.1, 0.1])).toBe(false);
  // Control: two corners make no polygon, so the first one does not close it.
  expect(sketch.corner([0.5, 0.1])).toBe(false);
  expect(sketch.isPolygon).toBe(false);
  expect(sketch.corner([0.5, 0.5])).toBe(false);
  expect(sketch.corner([0.101, 0.101])).toBe(true);
  expect(sketch.points.length).toBe(3);
  for (let i = 4; i <= 32; i += 1) expect(sketch.corner([0.6 + i / 100, 0.9])).toBe(i === 32);
  sketch.removeCorner();
  expect(sketch.points.length).toBe(31);
});
