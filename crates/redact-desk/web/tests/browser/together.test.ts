// Two people in one review: who is here, and an earlier revision that is restored.
import { expect, test } from 'vitest';
import { checkAccess, picture } from './chromium';
import { desk, openReview, page, press, reviewTests, saved } from './review-page';
import { ID, me } from './sample';

reviewTests();

test('whoever else has the review open is named, until they leave', async () => {
  await openReview();
  const ben = { id: 'b'.repeat(32), name: 'Ben Ito', role: 'approver' as const };
  const self = me('operator');
  const present = (people: (typeof ben)[], id = ID.review): void =>
    desk.tell({
      kind: 'presence',
      id,
      people: [{ ...ben, id: self.id, name: self.name }, ...people],
    });
  const here = page.getByText('has this review open');
  // Control: one's own page, and another review, are not named.
  present([]);
  present([ben], '9'.repeat(32));
  await page.waitForTimeout(200);
  expect(await here.count()).toBe(0);
  present([ben]);
  await page.getByText('Ben Ito has this review open').waitFor();
  const cleo = { ...ben, id: 'd'.repeat(32), name: 'Cleo Park' };
  present([ben, cleo]);
  await page.getByText('Ben Ito, Cleo Park have this review open').waitFor();
  await checkAccess(page);
  await picture(page, 'review-presence');
  present([]);
  await page.getByText('have this review open').waitFor({ state: 'detached' });
});

test('an earlier revision is restored as a new one, which can be undone', async () => {
  await openReview();
  await press('u', 'h');
  const hidden = await saved();
  await press('u', 'v');
  const decided = await saved();
  expect(decided).not.toEqual(hidden);
  await page.getByRole('button', { name: 'Revisions' }).click();
  // Control: what is newest cannot be restored.
  await page.getByText('Newest').waitFor();
  expect(await page.getByRole('button', { name: 'Restore revision 3' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Restore revision 2' }).click();
  await page.getByText('Revision 2 restored').first().waitFor();
  expect(await saved()).toEqual(hidden);
  expect(desk.review.revision).toBe(4);
  await press('Control+z');
  expect(await saved()).toEqual(decided);
});
