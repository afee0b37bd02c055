// Work on a review in a browser, against a desk in memory: fields, the list to check first, whole
// classes, zooming, regions and playback, all of it also without a pointer.
import { expect, test } from 'vitest';
import type { Drawn } from '../../src/api/types';
import { checkAccess, checkWidth, picture } from './chromium';
import {
  desk,
  frame,
  heading,
  openReview,
  page,
  press,
  ready,
  reviewTests,
  saved,
} from './review-page';

reviewTests();

const shot = (name: string): Promise<void> => picture(page, `review-work-${name}`);

test('a field keeps its editing keys, and what is typed goes to what was selected', async () => {
  await openReview();
  await press('u', 'g');
  await heading('Face 1').waitFor();
  await page.keyboard.type('woman in red');
  await press('Control+a');
  await page.keyboard.type('visitor');
  await press('Control+z', 'Control+Shift+z');
  expect(await heading('Face 1').isVisible()).toBe(true);
  // The usual next step: a click on another lane.
  const canvas = (await page.locator('canvas').boundingBox())!;
  await page.mouse.click(canvas.x + 40, canvas.y + 66 + 18 * 2 + 9);
  await heading('Plate 3').waitFor();
  const { tracks, mutes } = await saved();
  expect(tracks.map((t) => t.person)).toEqual(['visitor', null, null, null]);
  expect(tracks.map((t) => t.decision)).toEqual([null, null, null, null]);
  expect(mutes).toEqual([]);
  // Escape restores, and the selection stays.
  await press('g');
  await page.keyboard.type('nobody');
  await press('Escape');
  await heading('Plate 3').waitFor();
  // The same for the numbers of a mute.
  await press('Home', '[', 'Shift+ArrowRight', ']');
  await heading(/Mute/).waitFor();
  await page.getByLabel('To (seconds)').fill('2.5');
  await page.mouse.click(canvas.x + 40, canvas.y + 66 + 9);
  await heading('visitor').waitFor();
  const after = await saved();
  expect(after.mutes[0]!.end_seconds).toBe(2.5);
  expect(after.tracks.map((t) => t.person)).toEqual(['visitor', null, null, null]);
});

test('a mute that would begin after its end is refused, and the field shows what holds', async () => {
  await openReview();
  await press('[', 'Shift+ArrowRight', ']');
  const from = page.getByLabel('From (seconds)');
  await from.fill('5');
  await press('Enter');
  await page.getByText('Cannot change the start of the mute: 5 s; it must be before').waitFor();
  expect(await from.inputValue()).toBe('0');
  expect((await saved()).mutes[0]!.start_seconds).toBe(0);
});

test('N goes through the list once, says when it is through, and a reload changes nothing', async () => {
  await openReview();
  const progress = page.locator('.progress');
  const shown: string[] = [];
  for (let i = 1; i <= 3; i += 1) {
    await press('n');
    await page.getByText(`${i} of 3 seen`).waitFor();
    shown.push(await page.locator('.inspector h2').innerText());
  }
  expect(new Set(shown).size).toBe(3);
  await press('n');
  await page.getByText('All 3 items to check first: seen.').waitFor();
  expect(await page.locator('.inspector h2').innerText()).toBe(shown[2]);
  await shot('check-first');
  await checkAccess(page);
  const at = await frame();
  await page.waitForTimeout(500);
  await page.reload();
  await ready();
  expect(await progress.innerText()).toContain('3 of 3 seen');
  expect(await page.locator('.inspector h2').innerText()).toBe(shown[2]);
  expect(await frame()).toBe(at);
  // A second walk.
  await press('n');
  await page.getByText('All 3 items to check first: seen.').waitFor();
  await press('n');
  await heading(shown[0]!).waitFor();
});

test('a class gets one effect in one choice, and several tracks show what is mixed', async () => {
  await openReview();
  const all = page.getByLabel('Effect of all hidden screens');
  await all.selectOption('pixelate');
  await page.getByText('2 tracks changed').waitFor();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page.getByLabel('Class').selectOption('screen');
  expect(await page.locator('.virtual li').count()).toBe(2);
  await press('ArrowDown', 'e');
  await heading('Screen 2').waitFor();
  await press('Control+a');
  await heading('2 tracks').waitFor();
  const effect = page.getByLabel('Effect', { exact: true });
  expect(await effect.inputValue()).toBe('');
  await page.getByText('The effect applies to 2 hidden tracks.').waitFor();
  await shot('mixed');
  await checkAccess(page);
  await press('Escape');
  expect(await all.inputValue()).toBe('mixed');
  await page.getByRole('listitem').filter({ hasText: 'Screens' }).getByText('Select all').click();
  await heading('2 tracks').waitFor();
  await effect.selectOption('fill');
  await page.getByText('Black box, 2 tracks changed').waitFor();
  const { tracks } = await saved();
  const effects = tracks.map((t) => (t.decision?.verdict === 'redact' ? t.decision.effect : null));
  expect(effects).toEqual([null, { kind: 'fill' }, null, { kind: 'fill' }]);
});

test('the picture is enlarged and moved, and what overlaps is reached by clicking again', async () => {
  await openReview();
  await press('u');
  await heading('Face 1').waitFor();
  const overlay = page.locator('.overlay');
  const before = (await overlay.boundingBox())!;
  const stage = (await page.locator('.stage').boundingBox())!;
  const middle: [number, number] = [stage.x + stage.width / 2, stage.y + stage.height / 2];
  await page.mouse.move(...middle);
  await page.keyboard.down('Control');
  for (let i = 0; i < 3; i += 1) await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  await expect
    .poll(async () => (await overlay.boundingBox())!.width)
    .toBeGreaterThan(before.width * 2);
  const large = (await overlay.boundingBox())!;
  await press('Control+ArrowRight');
  await expect.poll(async () => (await overlay.boundingBox())!.x).toBeLessThan(large.x - 30);
  const panned = (await overlay.boundingBox())!.x;
  for (const how of ['middle', 'Space'] as const) {
    if (how === 'Space') await page.keyboard.down('Space');
    await page.mouse.move(...middle);
    await page.mouse.down({ button: how === 'Space' ? 'left' : 'middle' });
    await page.mouse.move(middle[0] + (how === 'Space' ? -40 : 40), middle[1], { steps: 4 });
    await page.mouse.up({ button: how === 'Space' ? 'left' : 'middle' });
    if (how === 'Space') await page.keyboard.up('Space');
    const wanted = panned + (how === 'Space' ? 0 : 40);
    await expect.poll(async () => (await overlay.boundingBox())!.x).toBeCloseTo(wanted, 0);
  }
  expect(await page.getByRole('button', { name: 'Play', exact: true }).isVisible()).toBe(true);
  await shot('enlarged');
  await press('-', '+', '0');
  await expect.poll(async () => (await overlay.boundingBox())!.width).toBeCloseTo(before.width, 0);
  // A region over the face: clicks at one place reach both.
  const box = (await page.locator('.overlay .box.selected').boundingBox())!;
  await press('d');
  await page.mouse.move(box.x - 20, box.y - 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width + 20, box.y + box.height + 20, { steps: 3 });
  await page.mouse.up();
  await heading(/Region/).waitFor();
  const at: [number, number] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.click(...at);
  await heading('Face 1').waitFor();
  await page.mouse.click(...at);
  await heading(/Region/).waitFor();
});

test('a region is drawn, named, given a reason, found in the list and removed with the keys', async () => {
  await openReview();
  await press('d', 'Escape');
  await press('d', 'ArrowRight', 'ArrowDown', 'Shift+ArrowRight', 'Shift+ArrowRight');
  await page.getByText('Arrows move it').waitFor();
  await shot('drawing');
  await press('Enter');
  await heading(/Region/).waitFor();
  await page.getByText('Choose why this region is hidden').waitFor();
  await press('g');
  await page.keyboard.type('door number');
  await press('Enter');
  await heading('Region “door number”').waitFor();
  await press('r', 'ArrowDown');
  await page.getByText('Choose why this region is hidden').waitFor({ state: 'detached' });
  const [region] = (await saved()).drawn;
  expect(region).toMatchObject({ name: 'door number', reason: 'privacy-face' });
  const [, left, top, right, bottom] = region!.keyframes[0]!;
  expect([left, top, right, bottom].map((side) => Math.round(side * 1000) / 1000)).toEqual([
    0.41, 0.41, 0.63, 0.61,
  ]);
  await checkAccess(page);
  await shot('region');
  // Taken off, and found again in the list, where regions come first.
  await page.getByRole('heading', { name: /Region/ }).click();
  await press('Escape', '2', 'ArrowDown');
  await heading('Region “door number”').waitFor();
  // A burst of nudges is one step.
  for (let i = 0; i < 4; i += 1) await press('Alt+ArrowRight');
  await page.waitForTimeout(1100);
  await press('Alt+ArrowDown', 'Control+z');
  const nudged = (await saved()).drawn[0]!.keyframes[0]!;
  expect(nudged[1]).toBeCloseTo(0.43, 3);
  expect(nudged[2]).toBeCloseTo(0.41, 3);
  await press('Control+z');
  expect((await saved()).drawn[0]!.keyframes[0]![1]).toBeCloseTo(0.41, 3);
  await press('Delete');
  expect((await saved()).drawn).toEqual([]);
});

test('frames in which a region lost its object are listed first until they are checked', async () => {
  const region: Drawn = {
    id: 'region-1',
    name: 'woman in red',
    effect: { kind: 'fill' },
    reason: 'privacy-face',
    start: 0,
    end: 40,
    keyframes: [[0, 0.4, 0.4, 0.5, 0.5]],
    lost: [[40, 120]],
  };
  desk.review = { ...desk.review, document: { ...desk.review.document, drawn: [region] } };
  await openReview();
  await press('n');
  await heading('Region “woman in red”').waitFor();
  expect(await frame()).toBe(40);
  await page.getByText('Following lost the object').waitFor();
  await checkAccess(page);
  await shot('lost');
  await page.getByRole('button', { name: 'I checked this part' }).click();
  expect((await saved()).drawn[0]!.lost).toEqual([]);
  await page.getByText('of 3 seen').waitFor();
});

test('playback is slow, repeated, of a part, and of one track; a time or frame is gone to', async () => {
  await openReview();
  const speed = (): Promise<number> =>
    page.evaluate(() => document.querySelector('video')!.playbackRate);
  await press('Shift+l', 'Shift+l', 'Space');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  expect(await speed()).toBe(0.25);
  await press('k', 'Shift+l');
  expect(await page.getByLabel('Speed').inputValue()).toBe('1');
  await press('Shift+g');
  await page.keyboard.type('0:02');
  await press('Enter');
  expect(await frame()).toBe(60);
  await press('Shift+g');
  await page.keyboard.type('f999');
  await press('Enter');
  await page.getByText('Cannot go to “f999”: expected a time up to 0:10.00').waitFor();
  await page.keyboard.type('f75');
  await press('Enter');
  expect(await frame()).toBe(75);
  await page.getByText('/ 0:10.00').waitFor();
  // A part, repeated.
  await press('Shift+i');
  for (let i = 0; i < 5; i += 1) await press('ArrowRight');
  await press('Shift+o', 'Shift+z', 'Home', 'Space');
  await page.getByText('plays 0:02.50 – 0:02.70').waitFor();
  for (let i = 0; i < 8; i += 1) {
    await page.waitForTimeout(150);
    const at = await frame();
    expect(at).toBeGreaterThanOrEqual(75);
    expect(at).toBeLessThanOrEqual(90); // A frame or two late is the browser's.
  }
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await press('k', 'Shift+x', 'Shift+z');
  // One track alone, which ends where the track ends.
  await press('2', 'ArrowDown', 'ArrowDown', 'z');
  const track = desk.review.document.tracks[1]!;
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 30_000 });
  expect(Math.abs((await frame()) - track.parts[0]!.end)).toBeLessThan(12);
});

test('after the last decision, the next step is there', async () => {
  await openReview();
  await press('u', 'h', 'h', 'h', 'h');
  await page.getByText('Every track is decided.').waitFor();
  await page.getByText(/All tracks are decided: watch the preview once, then approve/).waitFor();
  await page.getByText('Still open: 3 speech segments undecided').waitFor();
  await shot('decided');
  await checkAccess(page);
  const next = page.locator('.inspector').getByRole('button', { name: 'Approve…' });
  await next.click();
  await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
});

test('a whole review is done without a pointer', async () => {
  await openReview();
  const inside = (part: string): Promise<boolean> =>
    page.evaluate((name) => document.activeElement?.closest(name) !== null, part);
  // From Back to the decisions: few stops, in both lists.
  for (const list of ['1', '2']) {
    await press(list);
    await page.getByRole('link', { name: 'Back to request' }).focus();
    let stops = 0;
    while (!(await inside('.inspector')) && stops < 60) {
      await press('Tab');
      stops += 1;
    }
    expect(stops).toBeLessThanOrEqual(20);
  }
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  for (const part of ['.side', '.picture', '.inspector', '.timeline', 'header', '.side']) {
    await press('F6');
    expect(await inside(part), part).toBe(true);
  }
  await press('Shift+F6');
  expect(await inside('header')).toBe(true);
  // The focus goes with the selection in the list.
  await press('F6', 'ArrowDown', 'ArrowDown');
  await heading('Screen 2').waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Screen 2');
  await press('Shift+ArrowDown');
  await heading('2 tracks').waitFor();
  await press('Control+Space');
  await heading('Plate 3').waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press('n', 'n', 'n', 'Home', 'u');
  for (const key of ['h', 'h', 'h', 'v']) await press(key);
  await page.getByText('Every track is decided.').waitFor();
  await press('d', 'ArrowUp', 'Enter', 'r', 'ArrowDown');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press('Home', '[', 'End', ']', 'Home', 'p');
  await page.getByText('Exact preview of the release').waitFor();
  await press('Shift+p');
  await page.locator('.overlay .box.clear').first().waitFor();
  await shot('outlines');
  await expect.poll(() => desk.review.document.mutes.length).toBe(1);
  const { tracks, drawn, mutes } = await saved();
  expect(tracks.map((t) => t.decision?.verdict)).toEqual(['redact', 'redact', 'redact', 'keep']);
  expect(drawn.map((d) => d.reason)).toEqual(['privacy-face']);
  expect(mutes[0]).toMatchObject({ start_seconds: 0, end_seconds: 10 });
  await press('Control+Enter');
  await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
});

const SMALL = [
  { width: 960, height: 540 },
  { width: 800, height: 600 },
  { width: 683, height: 384 },
];
for (const theme of ['light', 'dark'] as const)
  test(`nothing is cut off in a small window, ${theme}`, async () => {
    await openReview({ size: { width: 1366, height: 768 }, theme });
    await checkAccess(page, ['wcag22aa', 'best-practice']);
    const lanes = await page.evaluate(() => {
      const shown = document.querySelector('.scroller')!.clientHeight;
      return Math.floor((shown - 66) / 18);
    });
    expect(lanes).toBeGreaterThanOrEqual(9);
    await press('3');
    await checkAccess(page, ['wcag22aa', 'best-practice']);
    await press('1', 'n');
    for (const size of SMALL) {
      await page.setViewportSize(size);
      await page.waitForTimeout(200);
      await checkWidth(page);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll('.workspace button, .workspace select, .workspace input')]
          .filter((one) => one.closest('.overlay, .scroll, .zoom, .gain') === null)
          .map((one) => ({ name: one.textContent, box: one.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.right > innerWidth + 1 || box.left < -1))
          .map(({ name }) => name),
      );
      expect(cut, `${size.width}`).toEqual([]);
      const view = (await page.locator('.stage').boundingBox())!;
      expect(view.width, `${size.width}`).toBeGreaterThan(300);
      expect(view.height, `${size.width}`).toBeGreaterThan(120);
      const decisions = (await page.locator('.inspector').boundingBox())!;
      expect(decisions.height, `${size.width}`).toBeGreaterThan(150);
      await shot(`small-${size.width}-${theme}`);
    }
  });

test('the preview is compared with the recording along a line that the keys move', async () => {
  await openReview();
  await press('Shift+c');
  const slider = page.getByLabel('Recording on the left, release on the right');
  await slider.waitFor();
  const shown = (): Promise<string> =>
    page.locator('img.exact').evaluate((image) => getComputedStyle(image).clipPath);
  expect(await shown()).toBe('inset(0px 0px 0px 50%)');
  await slider.focus();
  await press('ArrowRight', 'ArrowRight');
  expect(await shown()).toBe('inset(0px 0px 0px 52%)');
  expect(await frame()).toBe(0);
  await press('Home');
  expect(await shown()).toBe('inset(0px 0px 0px 0%)');
  await press('PageUp');
  await checkAccess(page);
  await shot('compare');
  // The line stays for other frames, and the preview goes on without it.
  await page.locator('.picture').focus();
  await press('ArrowRight');
  await slider.waitFor();
  expect(await frame()).toBe(1);
  await press('Shift+c');
  await slider.waitFor({ state: 'detached' });
  expect(
    await page.getByRole('button', { name: 'Preview', exact: true }).getAttribute('aria-pressed'),
  ).toBe('true');
  expect(await shown()).toBe('none');
});
