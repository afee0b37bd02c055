// Regions of other shapes than a rectangle, with the mouse and with the keys alone.
import { expect, test } from 'vitest';
import type { Drawn } from '../../src/api/types';
import { checkAccess, checkWidth, picture } from './chromium';
import { desk, heading, openReview, page, press, reviewTests, saved } from './review-page';

reviewTests();

const shot = (name: string): Promise<void> => picture(page, `review-${name}`);
/** Where the mouse is over a place of the picture. */
async function at(x: number, y: number): Promise<[number, number]> {
  const box = (await page.locator('.overlay').boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}
const box = (region: Drawn): number[] =>
  region.keyframes[0]!.slice(1).map((side) => Math.round(side * 100) / 100);

test('an ellipse is drawn with the mouse, shown as it hides, and can only be filled', async () => {
  await openReview();
  await press('d');
  await page.getByRole('button', { name: 'Ellipse' }).click();
  await page.mouse.move(...(await at(0.3, 0.3)));
  await page.mouse.down();
  await page.mouse.move(...(await at(0.5, 0.7)), { steps: 4 });
  await shot('drawing-ellipse');
  await page.mouse.up();
  await heading(/Region/).waitFor();
  const [region] = (await saved()).drawn;
  expect(region).toMatchObject({ shape: { kind: 'ellipse' }, effect: { kind: 'fill' } });
  expect(box(region!)).toEqual([0.3, 0.3, 0.5, 0.7]);
  await page.locator('.overlay ellipse').waitFor();
  await page.getByText('An ellipse or polygon can only be filled.').waitFor();
  await press('e');
  await page.getByText(/Choose a rectangle to blur/).waitFor();
  // Hiding everything else is for rectangles.
  expect(await page.getByRole('button', { name: 'Hide everything except this' }).count()).toBe(0);
  await checkAccess(page);
  await shot('ellipse');
  // Control: as a rectangle it can be blurred.
  await page.getByLabel('Shape', { exact: true }).selectOption('rectangle');
  await press('Escape');
  await page.mouse.click(...(await at(0.31, 0.31)));
  await heading(/Region/).waitFor();
  await press('e');
  const [again] = (await saved()).drawn;
  expect(again!.shape).toBeUndefined();
  expect(again!.effect.kind).not.toBe('fill');
  // The whole picture has corners.
  await page.getByLabel('Shape', { exact: true }).selectOption('ellipse');
  expect((await saved()).drawn[0]!.shape).toEqual({ kind: 'ellipse' });
  await page.getByRole('button', { name: 'Cover the whole picture' }).click();
  expect((await saved()).drawn[0]!.shape).toBeUndefined();
});

test('a polygon is drawn by clicks on its corners', async () => {
  await openReview({ theme: 'dark' });
  await page.getByRole('button', { name: 'Draw region' }).click();
  await page.getByRole('button', { name: 'Polygon' }).click();
  const corners: [number, number][] = [
    [0.2, 0.2],
    [0.5, 0.25],
    [0.6, 0.6],
    [0.35, 0.45],
    [0.2, 0.7],
  ];
  for (const [x, y] of corners) await page.mouse.click(...(await at(x, y)));
  await page.mouse.move(...(await at(0.25, 0.5)));
  await shot('drawing-polygon');
  await page.mouse.click(...(await at(0.2, 0.2)));
  await heading(/Region/).waitFor();
  const [region] = (await saved()).drawn;
  expect(box(region!)).toEqual([0.2, 0.2, 0.6, 0.7]);
  const { shape } = region!;
  expect(shape?.kind === 'polygon' && shape.points.length).toBe(5);
  await checkAccess(page);
  await checkWidth(page);
  await shot('polygon');
  await press('p');
  // Over the renderer's picture, the outline shows only on request.
  await page.getByText('Exact preview of the release').waitFor();
  expect(await page.locator('.overlay polygon').count()).toBe(0);
  await press('Shift+p');
  await page.locator('.overlay .none polygon').waitFor();
});

test('shapes are chosen and drawn with the keys alone', async () => {
  await openReview({ size: { width: 800, height: 700 } });
  await press('d', 'e', 'Shift+ArrowRight', 'Enter');
  await heading(/Region/).waitFor();
  expect((await saved()).drawn[0]).toMatchObject({ shape: { kind: 'ellipse' } });
  await press('d', 'p', 'Space', 'Shift+ArrowRight', 'Space', 'Enter');
  await page.getByText('A polygon needs at least three corners.').waitFor();
  await press('Shift+ArrowDown', 'Space', 'Shift+ArrowLeft', 'Space', 'Backspace', 'Enter');
  await expect.poll(() => desk.review.document.drawn.length).toBe(2);
  const polygon = (await saved()).drawn[1]!;
  expect(polygon.shape?.kind === 'polygon' && polygon.shape.points).toEqual([
    [0, 0],
    [1, 0],
    [1, 1],
  ]);
  // Its corners are drawn again, in the same region.
  await page.getByRole('button', { name: 'Draw its corners again' }).focus();
  await press('Enter');
  await page.getByText('Click the corners').waitFor();
  await checkAccess(page);
  await shot('drawing-keys');
  await press('Space', 'Shift+ArrowLeft', 'Space', 'Shift+ArrowUp', 'Space', 'Enter');
  const after = (await saved()).drawn;
  expect(after.length).toBe(2);
  expect(after[1]!.id).toBe(polygon.id);
  expect(after[1]!.shape).not.toEqual(polygon.shape);
  await press('d', 'r', 'Enter');
  await expect.poll(() => desk.review.document.drawn.length).toBe(3);
  expect((await saved()).drawn[2]!.shape).toBeUndefined();
});
