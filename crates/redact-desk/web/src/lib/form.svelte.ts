// A form that is sent: what failed, at which field, and whether it is under way.
import { ApiError, messageOf } from '../api/client';

export class Sending {
  error = $state<string | null>(null);
  field = $state<string | null>(null);
  busy = $state(false);

  /** What is wrong with a field. */
  at(field: string): string | null {
    return this.field === field ? this.error : null;
  }

  /** What failed without belonging to one of the form's fields. */
  apart(fields: readonly string[]): string | null {
    return this.field !== null && fields.includes(this.field) ? null : this.error;
  }

  /** Sends; `true` if it was accepted. */
  async send(act: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.error = this.field = null;
    try {
      await act();
      return true;
    } catch (cause) {
      this.error = messageOf(cause);
      if (cause instanceof ApiError) {
        this.field = cause.field;
        if (cause.hint !== null) this.error = `${this.error} ${cause.hint}`;
      }
      return false;
    } finally {
      this.busy = false;
    }
  }
}
