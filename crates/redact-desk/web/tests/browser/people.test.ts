// Faces of a recording sorted into people, with the mouse and with the keys alone.
import { expect, test } from 'vitest';
import type { FoundTrack, ReviewTrack } from '../../src/api/types';
import { checkAccess, checkWidth, picture } from './chromium';
import { desk, openReview, page, press, reviewTests, saved } from './review-page';

/** The sample's face in three pieces, one after the other, and one far away. */
reviewTests((fresh) => {
  const whole = fresh.found.tracks.find((t) => t.class === 'face')!;
  const piece = (id: number, start: number, end: number, away = 0): FoundTrack => ({
    ...whole,
    id,
    start,
    end,
    boxes: Array.from({ length: end - start }, () => {
      const [left, top, right, bottom] = whole.boxes.slice(0, 4) as [
        number,
        number,
        number,
        number,
      ];
      return [left - away, top, right - away, bottom];
    }).flat(),
    scores: whole.scores.slice(0, end - start),
    origins: whole.origins.slice(0, end - start),
  });
  const faces = [piece(1, 0, 40), piece(5, 50, 90), piece(6, 100, 140), piece(7, 50, 90, 0.4)];
  fresh.found = {
    ...fresh.found,
    tracks: [...faces, ...fresh.found.tracks.filter((t) => t.class !== 'face')],
  };
  const track = ({ id, start, end }: FoundTrack): ReviewTrack => ({
    id,
    class: 'face',
    person: null,
    parts: [{ found: id, start, end }],
    decision: null,
  });
  const others = fresh.review.document.tracks.filter((t) => t.class !== 'face');
  const tracks = [...faces.map(track), ...others].sort((a, b) => a.id - b.id);
  fresh.review = { ...fresh.review, document: { ...fresh.review.document, tracks } };
});

const people = async (): Promise<(string | null)[]> =>
  (await saved()).tracks.filter((t) => t.class === 'face').map((t) => t.person);

test('faces are named together, by what goes on and by hand, and decided in one step', async () => {
  await openReview();
  await page.getByRole('button', { name: /Sort into people/ }).click();
  const sheet = page.getByRole('dialog', { name: 'People' });
  await sheet.getByText('Faces are not matched automatically').waitFor();
  // Only what goes on in time and place: not the face far away.
  const suggestions = sheet.getByRole('region', { name: 'Suggestions' });
  expect(await suggestions.getByRole('listitem').count()).toBe(2);
  await picture(page, 'people');
  await checkAccess(page);
  await suggestions.getByRole('button', { name: 'Same person: Face 1 and Face 5' }).click();
  await suggestions.getByRole('button', { name: 'Not the same: Face 5 and Face 6' }).click();
  await suggestions.waitFor({ state: 'detached' });
  expect(await people()).toEqual(['person 1', 'person 1', null, null]);
  // A name for all of them, by hand.
  await sheet.getByRole('button', { name: 'Select all of person 1' }).click();
  await sheet.getByLabel('Face 6').check();
  await sheet.getByText('3 pictures selected').waitFor();
  await sheet.getByLabel('Name', { exact: true }).fill('woman in red');
  await sheet.getByRole('button', { name: 'Apply name' }).click();
  expect(await people()).toEqual(['woman in red', 'woman in red', 'woman in red', null]);
  // A decision and a reason for the person: one step, which undo takes back.
  await sheet.getByRole('button', { name: 'Select all of woman in red' }).click();
  await sheet.getByLabel('Decision').selectOption('keep');
  await sheet.getByRole('button', { name: 'Keep 3 pictures' }).click();
  const kept = (await saved()).tracks.filter((t) => t.decision?.verdict === 'keep');
  expect(kept.map((t) => [t.id, t.decision?.reason])).toEqual(
    [1, 5, 6].map((id) => [id, 'nothing-to-withhold']),
  );
  await picture(page, 'people-named');
  await sheet.getByRole('button', { name: 'Done' }).click();
  await press('Control+z');
  expect((await saved()).tracks.every((t) => t.decision === null)).toBe(true);
});

test('people are sorted with the keys alone, in a narrow dark window', async () => {
  await openReview({ size: { width: 800, height: 700 }, theme: 'dark' });
  await press('Shift+s');
  const sheet = page.getByRole('dialog', { name: 'People' });
  await sheet.waitFor();
  await sheet.getByRole('checkbox', { name: /^Face 1 / }).focus();
  await press('Space', 'Tab', 'Space');
  await sheet.getByText('2 pictures selected').waitFor();
  await checkAccess(page);
  await checkWidth(page);
  await picture(page, 'people-narrow');
  await sheet.getByLabel('Name', { exact: true }).focus();
  await page.keyboard.type('officer 1');
  await press('Enter');
  expect((await people()).filter((name) => name === 'officer 1')).toHaveLength(2);
  await press('Escape');
  await sheet.waitFor({ state: 'detached' });
  expect(desk.saves.length).toBeGreaterThan(0);
});
