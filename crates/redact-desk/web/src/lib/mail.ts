// What mail is about, in words.
import type { MailKind } from '../api/types';

export const mailText: Record<MailKind, string> = {
  invitation: 'Invitation',
  assigned: 'a request is assigned to me',
  due: 'a request of mine is due soon or overdue',
  approval: 'a review waits for my approval',
  ready: 'a recording of a request of mine is ready for review',
  test: 'Test',
};

/** Kinds that a person chooses. */
export const chosenMail: readonly MailKind[] = ['assigned', 'due', 'approval', 'ready'];

/** For the list of messages that were not sent. */
export const mailTitle: Record<MailKind, string> = {
  invitation: 'Invitation',
  assigned: 'Request assigned',
  due: 'Request due soon',
  approval: 'Approval needed',
  ready: 'Recording ready',
  test: 'Test',
};
