// Acts of a review in a browser, against a desk in memory: keys, drawing, muting, undo, saving
// through a server that is away, a colleague's change, and an hour with 500 tracks.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { ReviewDocument } from '../../src/api/types';
import { checkAccess, checkWidth, picture, ROOT, SHOTS } from './chromium';
import { FakeDesk } from './fake-desk';
import {
  desk,
  frame,
  openReview,
  page,
  reviewTests,
  saved,
  useDesk,
  usePage,
  watched,
} from './review-page';
import { hourFound, hourTimeline, ID, tenMinutesFound, tenMinutesTimeline } from './sample';

reviewTests();

const verdicts = (document: ReviewDocument): (string | null)[] =>
  document.tracks.map((t) => t.decision?.verdict ?? null);

test('a false detection is rejected with a key, and undo takes it back', async () => {
  await openReview();
  await page.keyboard.press('u');
  await page.getByRole('heading', { name: 'Face 1' }).waitFor();
  await page.getByRole('button', { name: 'Not a face' }).waitFor();
  await page.keyboard.press('x');
  await page.getByText('Face 1 rejected as a false detection').first().waitFor();
  const after = await saved();
  expect(after.tracks.find((t) => t.id === 1)?.decision).toMatchObject({
    verdict: 'reject',
    reason: 'nothing-to-withhold',
  });
  await page.keyboard.press('Control+z');
  await expect.poll(() => desk.review.document.tracks.find((t) => t.id === 1)?.decision).toBeNull();
  await page.keyboard.press('Control+Shift+z');
  await expect
    .poll(() => desk.review.document.tracks.find((t) => t.id === 1)?.decision?.verdict)
    .toBe('reject');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  await picture(page, 'review-rejected');
  await checkAccess(page);
});

test('every track is decided with two keys each, and undo takes it back', async () => {
  await openReview();
  await page.keyboard.press('u');
  await page.getByRole('heading', { name: 'Face 1' }).waitFor();
  for (const key of ['h', 'h', 'h', 'v']) {
    await page.keyboard.press(key);
    await page.waitForTimeout(50);
  }
  await page.locator('.counts').getByText('0 undecided', { exact: true }).waitFor();
  const document = await saved();
  expect(verdicts(document)).toEqual(['redact', 'redact', 'redact', 'keep']);
  await picture(page, 'review-decided');
  await page.keyboard.press('Control+z');
  await page.waitForTimeout(700);
  expect(verdicts(await saved())).toEqual(['redact', 'redact', 'redact', null]);
  await page.keyboard.press('Control+Shift+z');
  await page.waitForTimeout(700);
  expect(verdicts(await saved())).toEqual(['redact', 'redact', 'redact', 'keep']);
});

test('K only stops, and nothing that is pressed during playback shows more', async () => {
  await openReview();
  await page.keyboard.press('u');
  const playing = page.getByRole('button', { name: 'Pause' });
  const stopped = page.getByRole('button', { name: 'Play', exact: true });
  for (const key of ['k', 'v', 'Shift+k', 'x', 'b']) {
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await playing.waitFor();
    await page.keyboard.press(key);
    await stopped.waitFor();
    await page.keyboard.press('k');
  }
  await page.waitForTimeout(700);
  expect(verdicts(desk.review.document)).toEqual([null, null, null, null]);
  await page.keyboard.press('v');
  await page.getByText('1 kept', { exact: true }).waitFor();
});

test('frames are stepped one by one, and the one that is shown is the one that is meant', async () => {
  await openReview();
  for (let i = 1; i <= 5; i += 1) await page.keyboard.press('ArrowRight');
  expect(await frame()).toBe(5);
  await page.keyboard.press('Shift+ArrowRight');
  expect(await frame()).toBe(35);
  await page.keyboard.press('ArrowLeft');
  expect(await frame()).toBe(34);
  await page.waitForFunction(() => {
    const { currentTime, seeking } = document.querySelector('video')!;
    return !seeking && Math.floor(currentTime * 30) === 34;
  });
});

test('a region is drawn, moved in another frame, resized, and removed', async () => {
  await openReview();
  await page.keyboard.press('d');
  const stage = (await page.locator('.overlay').boundingBox())!;
  const at = (x: number, y: number): [number, number] => [
    stage.x + stage.width * x,
    stage.y + stage.height * y,
  ];
  await page.mouse.move(...at(0.6, 0.1));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.3), { steps: 4 });
  await page.mouse.up();
  await page.getByRole('heading', { name: /Region/ }).waitFor();
  // Nobody has chosen a reason yet.
  await page.getByText('Choose why this region is hidden').waitFor();
  await page.getByLabel('Reason', { exact: true }).selectOption('records-screen');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowRight');
  await page.waitForTimeout(400);
  await page.mouse.move(...at(0.65, 0.2));
  await page.mouse.down();
  await page.mouse.move(...at(0.75, 0.4), { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(...at(0.8, 0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.85, 0.55), { steps: 3 });
  await page.mouse.up();
  await page.waitForTimeout(700);
  const [region] = (await saved()).drawn;
  expect(region!.reason).toBe('records-screen');
  expect(region!.keyframes).toHaveLength(2);
  const [, second] = region!.keyframes;
  expect(second![0]).toBe(90);
  [0.7, 0.3, 0.85, 0.55].forEach((side, i) => expect(second![i + 1]).toBeCloseTo(side, 1));
  await picture(page, 'review-region');
  await page.keyboard.press('Alt+ArrowRight');
  await page.keyboard.press('Delete');
  await page.waitForTimeout(700);
  expect((await saved()).drawn).toEqual([]);
});

test('a found box is pulled larger, and never gets smaller than what was found', async () => {
  await openReview();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page
    .getByRole('button', { name: /^Face 1/ })
    .first()
    .click();
  const box = page.locator('.overlay .box.selected');
  const before = (await box.boundingBox())!;
  const pull = async (name: string, x: number, y: number): Promise<void> => {
    const grip = (await box.locator(`.grip.${name}`).boundingBox())!;
    await page.mouse.move(grip.x + 6, grip.y + 6);
    await page.mouse.down();
    await page.mouse.move(grip.x + 6 + x, grip.y + 6 + y, { steps: 4 });
    await page.mouse.up();
  };
  await pull('se', 30, 40);
  await page.getByText('1 correction, one here').waitFor();
  const larger = (await box.boundingBox())!;
  expect(larger.x).toBeCloseTo(before.x, 0);
  expect(Math.abs(larger.width - before.width - 30)).toBeLessThan(3);
  expect(Math.abs(larger.height - before.height - 40)).toBeLessThan(3);
  await picture(page, 'review-reshape');
  await checkAccess(page);
  await pull('nw', 25, 25);
  await page.getByText('A box cannot become smaller than what was found. To').waitFor();
  expect((await box.boundingBox())!.x).toBeCloseTo(before.x, 0);
  await page.keyboard.press('Alt+ArrowLeft');
  await page.waitForTimeout(700);
  const [face] = (await saved()).tracks;
  expect(face!.margins).toHaveLength(1);
  const [, left, top, right, bottom] = face!.margins![0]!;
  expect(top).toBe(0);
  for (const side of [left, right, bottom]) expect(side).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Reset everywhere' }).click();
  await page.waitForTimeout(700);
  expect((await saved()).tracks[0]!.margins).toBeUndefined();
});

test('a mute is dragged over the sound, changed with the pointer, and marked with the keys', async () => {
  await openReview();
  const canvas = (await page.locator('canvas').boundingBox())!;
  const y = canvas.y + 45;
  await page.mouse.move(canvas.x + 400, y);
  await page.mouse.down();
  await page.mouse.move(canvas.x + 500, y, { steps: 5 });
  await page.mouse.up();
  await page.getByRole('heading', { name: /Mute/ }).waitFor();
  await page.waitForTimeout(700);
  const [first] = (await saved()).mutes;
  await page.mouse.move(canvas.x + 500, y);
  await page.mouse.down();
  await page.mouse.move(canvas.x + 560, y, { steps: 5 });
  await page.mouse.up();
  await page.waitForTimeout(700);
  const [second] = (await saved()).mutes;
  expect(second!.start_seconds).toBe(first!.start_seconds);
  expect(second!.end_seconds).toBeGreaterThan(first!.end_seconds + 0.3);
  await picture(page, 'review-mute');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await page.keyboard.press('[');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press(']');
  await page.waitForTimeout(700);
  const mutes = (await saved()).mutes;
  expect(mutes).toHaveLength(2);
  expect(mutes[0]).toMatchObject({
    start_seconds: 0,
    sound_tracks: 'all',
    reason: 'privacy-speech',
  });
  await page.getByRole('tab', { name: /Sound/ }).click();
  await page.getByRole('button', { name: 'Mute all speech' }).click();
  await page.getByText('audible').first().waitFor({ state: 'detached' });
  await checkAccess(page);
  await picture(page, 'review-sound');
});

test('speech stays audible for a reason that a person chooses', async () => {
  await openReview();
  await page.getByRole('tab', { name: /Sound/ }).click();
  await page.getByRole('button', { name: 'Mute all speech' }).click();
  await page.getByText('audible').first().waitFor({ state: 'detached' });
  await page
    .getByRole('button', { name: /all sound tracks/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Remove mute' }).click();
  await page.getByText('choose why it stays audible').first().waitFor();
  await picture(page, 'review-speech-undecided');
  await checkAccess(page);
  expect((await saved()).kept_speech).toEqual([]);
  await page.keyboard.press('v');
  await page.getByLabel(/Keep audible: reason/).selectOption('nothing-to-withhold');
  await page.getByText('kept audible: nothing-to-withhold').first().waitFor();
  await page.waitForTimeout(700);
  const { kept_speech: kept } = await saved();
  expect(kept).toHaveLength(1);
  expect(kept![0]!.reason).toBe('nothing-to-withhold');
  await picture(page, 'review-speech-kept');
  await page.getByRole('heading', { name: 'Speech', exact: true }).click();
  await page.keyboard.press('h');
  await expect.poll(async () => (await saved()).mutes.length).toBeGreaterThan(1);
});

test('a trim leaves what was found as a track that is decided, and nothing is left out', async () => {
  await openReview();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  const first = desk.review.document.tracks[0]!;
  const { start } = first.parts[0]!;
  await page
    .getByRole('button', { name: /Face 1/ })
    .first()
    .click();
  await page.keyboard.press('Home');
  for (let i = 0; i < start + 5; i += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('q');
  await page.getByText('undecided: hide it, keep it, or reject it').first().waitFor();
  await picture(page, 'review-trimmed');
  await page.getByRole('button', { name: 'Reject', exact: true }).click();
  await page.waitForTimeout(700);
  const { tracks } = await saved();
  const rest = tracks.find((t) => t.decision?.verdict === 'reject');
  expect(rest?.parts).toEqual([{ found: 1, start, end: start + 5 }]);
  // What an earlier version dropped is put back.
  desk.review = {
    ...desk.review,
    document: { ...desk.review.document, tracks: tracks.filter((t) => t !== rest) },
  };
  await page.reload();
  // The selection is still there.
  await page.getByRole('heading', { name: 'Face 1' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('found, but in no track').waitFor();
  await picture(page, 'review-left-out');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Put them back' }).click();
  await page.getByText('found, but in no track').waitFor({ state: 'detached' });
});

test('tracks are named, kept together, split and merged', async () => {
  await openReview();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page
    .getByRole('button', { name: /Screen 2/ })
    .first()
    .click();
  await page
    .getByRole('button', { name: /^Screen 4/ })
    .first()
    .click({ modifiers: ['Control'] });
  await page.keyboard.press('g');
  await page.keyboard.type('the laptop');
  await page.keyboard.press('Enter');
  await page.keyboard.press('b');
  await page.waitForTimeout(700);
  expect(verdicts(await saved())).toEqual(['redact', 'keep', 'redact', 'keep']);
  await page.keyboard.press('m');
  await page.waitForTimeout(700);
  expect((await saved()).tracks).toHaveLength(3);
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('s');
  await page.waitForTimeout(700);
  expect((await saved()).tracks).toHaveLength(4);
  await checkAccess(page);
  await picture(page, 'review-tracks');
});

test('while the desk is away work goes on, and is saved when it is back', async () => {
  const address = await openReview();
  desk.away = true;
  await page.keyboard.press('u');
  await page.keyboard.press('h');
  await page.locator('[data-save="offline"]').waitFor();
  await picture(page, 'review-offline');
  // Even the window may go meanwhile: another one finds the work.
  const second = await watched.context.newPage();
  await page.close({ runBeforeUnload: false });
  desk.away = false;
  usePage(second);
  await page.goto(`${address}/#/review/${ID.review}`);
  await page.getByText('Unsaved changes were restored.').waitFor();
  await page.waitForTimeout(700);
  expect(verdicts(await saved())).toEqual(['redact', null, null, null]);
});

test("a colleague's change in the middle is not overwritten without a choice", async () => {
  await openReview();
  desk.review = { ...desk.review, revision: 5, changed_by: 'Ben Holm' };
  await page.keyboard.press('u');
  await page.keyboard.press('h');
  await page.getByRole('heading', { name: 'Someone else changed this review' }).waitFor();
  expect(desk.saves).toEqual([]);
  await picture(page, 'review-conflict');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Use mine' }).click();
  await page.locator('[data-save="saved"]').waitFor();
  expect(verdicts(desk.review.document)[0]).toBe('redact');
});

test('the sheet tells every key, and keys of one letter can be switched off', async () => {
  await openReview();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
  await checkAccess(page);
  await picture(page, 'review-keys');
  await page.getByLabel(/Single-letter shortcuts/).uncheck();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.keyboard.press('u');
  await page.waitForTimeout(200);
  expect(await page.getByRole('heading', { name: 'Whole recording' }).isVisible()).toBe(true);
});

test('the preview shows the picture of the renderer', async () => {
  await openReview();
  await page.keyboard.press('p');
  await page.getByText('Exact preview of the release').waitFor();
  await picture(page, 'review-preview');
});

test('a review fits a 4K screen and a small window', async () => {
  await openReview({ size: { width: 3840, height: 2160 } });
  await checkWidth(page);
  await picture(page, 'review-4k');
  await page.setViewportSize({ width: 1180, height: 640 });
  await page.waitForTimeout(300);
  await checkWidth(page);
  await picture(page, 'review-small');
});

test('an hour with 500 tracks scrolls smoothly', async () => {
  desk.stop();
  useDesk(new FakeDesk(hourFound(), hourTimeline()));
  await openReview();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page.waitForTimeout(300);
  const result = await page.evaluate(async () => {
    const list = document.querySelector('.virtual')!.parentElement!;
    const timeline = document.querySelector('.scroller')!;
    const took: number[] = [];
    let last = performance.now();
    for (let i = 0; i < 90; i += 1) {
      timeline.scrollTop += 60;
      list.scrollTop += 160;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      took.push(now - last);
      last = now;
    }
    took.sort((a, b) => a - b);
    const rows = document.querySelectorAll('.virtual li').length;
    return { median: took[45]!, most: took[85]!, rows };
  });
  console.info(
    `500 tracks: a frame takes ${result.median.toFixed(1)} ms (95 %: ${result.most.toFixed(1)} ms)`,
  );
  expect(result.rows).toBeLessThan(40);
  // Generous, as a busy machine shares its two cores: 60 pictures a second would be 17 ms.
  expect(result.median).toBeLessThan(50);
  for (let i = 0; i < 5; i += 1) await page.keyboard.press('Alt+=');
  await page.waitForTimeout(200);
  await picture(page, 'review-hour');
});

/**
 * Goal: a trained person clears ten minutes with 20 tracks in under five minutes.
 * Method: the session is carried out with the keys; the machine's part is measured, and a person's
 * is added: 3 s to look at each track, and the whole recording watched at four times its speed.
 */
test('ten minutes with 20 tracks are cleared in under five minutes', async () => {
  desk.stop();
  const clip = resolve(SHOTS, 'ten-minutes.mp4');
  const loop = [
    '-v',
    'error',
    '-y',
    '-stream_loop',
    '59',
    '-i',
    resolve(ROOT, 'fixtures/demo.mp4'),
  ];
  execFileSync('ffmpeg', [...loop, '-map', '0:v', '-c', 'copy', clip]);
  useDesk(new FakeDesk(tenMinutesFound(), tenMinutesTimeline(), clip));
  await openReview();
  const settled = (): Promise<unknown> =>
    page.waitForFunction(() => document.querySelector('video')?.seeking === false);
  const start = Date.now();
  await page.keyboard.press('u');
  await settled();
  for (let track = 0; track < 20; track += 1) {
    await page.keyboard.press(track % 5 === 4 ? 'v' : 'h');
    await settled();
  }
  await page.locator('.counts').getByText('0 undecided', { exact: true }).waitFor();
  await page.locator('[data-save="saved"]').waitFor();
  await page.keyboard.press('p');
  await page.getByText('Exact preview of the release').waitFor();
  const machine = (Date.now() - start) / 1000;
  const person = 20 * 3 + 600 / 4;
  console.info(
    `20 tracks: machine ${machine.toFixed(1)} s, with a person ${(machine + person).toFixed(0)} s`,
  );
  expect(verdicts(desk.review.document).filter((v) => v === 'keep')).toHaveLength(4);
  expect(machine + person).toBeLessThan(300);
});

// The picture in the README is made here: `ffmpeg -i readme.png -quality 82 review.webp`.
test('a review half done shows what is hidden, kept, undecided and muted', async () => {
  await openReview();
  await page.getByRole('tab', { name: /Sound/ }).click();
  await page.getByRole('button', { name: 'Mute all speech' }).click();
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page
    .getByRole('button', { name: /^Screen 4/ })
    .first()
    .click();
  await page.keyboard.press('h');
  await page
    .getByRole('button', { name: /^Plate 3/ })
    .first()
    .click();
  await page.keyboard.press('Shift+k');
  await page
    .getByRole('button', { name: /^Face 1/ })
    .first()
    .click();
  await page.keyboard.press('g');
  await page.keyboard.type('visitor');
  await page.keyboard.press('Enter');
  await page.keyboard.press('h');
  await page
    .getByRole('button', { name: /^visitor/ })
    .first()
    .click();
  await page.keyboard.press('Home');
  for (let i = 0; i < 8; i += 1) await page.keyboard.press('Shift+ArrowRight');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.locator('[data-save="saved"]').waitFor();
  await page.waitForTimeout(800);
  await picture(page, 'readme');
  await checkAccess(page);
  expect(verdicts(desk.review.document)).toEqual(['redact', null, 'keep', 'redact']);
});
