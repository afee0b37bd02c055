// Letters and invoices as words.
import type { LetterKind, SentBy } from '../api/types';

export const letterText: Record<LetterKind, string> = {
  acknowledgement: 'Acknowledgment',
  extension: 'Extension of time',
  estimate: 'Fee estimate',
  partial_denial: 'Partial denial',
  denial: 'Denial',
  no_records: 'No responsive records',
  cover: 'Cover letter',
};

export const sentByText: Record<SentBy, string> = {
  email: 'Email',
  mail: 'Mail',
  portal: 'Portal',
  in_person: 'In person',
  other: 'Other',
};

/** What recording that a letter was sent does to the deadlines. */
export function sendEffect(kind: LetterKind): string | null {
  switch (kind) {
    case 'acknowledgement':
      return 'The date is also recorded as the date of the acknowledgment, unless one is already recorded.';
    case 'estimate':
      return 'The date is also recorded as the date of the fee estimate, unless one is already recorded.';
    case 'extension':
      return 'The due date moves by the extension when the letter is first sent.';
    default:
      return null;
  }
}
