// A paper of the office while it is written: first its preview, then the paper itself.
import { ApiError, messageOf, post } from '../api/client';
import type { PaperPreview } from '../api/types';

export class PaperDraft {
  preview = $state.raw<PaperPreview | null>(null);
  busy = $state(false);
  #previewed = $state('');
  #error = $state.raw<ApiError | string | null>(null);
  #path: string;
  #body: () => object;
  #fields: readonly string[];

  /** `path`: where it is made; `fields`: those that show their own errors. */
  constructor(path: string, body: () => object, fields: readonly string[]) {
    this.#path = path;
    this.#body = body;
    this.#fields = fields;
  }

  /** Whether the preview shows what would be made. */
  get isCurrent(): boolean {
    return this.preview !== null && this.#previewed === JSON.stringify(this.#body());
  }

  /** What is wrong, unless a field shows it. */
  get error(): string | null {
    const error = this.#error;
    if (error === null || typeof error === 'string') return error;
    if (this.#fields.includes(error.field ?? '')) return null;
    return error.hint === null ? error.message : `${error.message} ${error.hint}`;
  }

  errorOf(field: string): string | null {
    const error = this.#error;
    return error instanceof ApiError && error.field === field ? error.message : null;
  }

  fail(cause: unknown): void {
    this.#error = cause instanceof ApiError ? cause : messageOf(cause);
  }

  /** Makes the paper if its preview is current, or else the preview; `true` once it is made. */
  async next(): Promise<boolean> {
    this.busy = true;
    this.#error = null;
    const body = this.#body();
    try {
      if (this.isCurrent) {
        await post(this.#path, body);
        return true;
      }
      this.preview = await post<PaperPreview>(`${this.#path}/preview`, body);
      this.#previewed = JSON.stringify(body);
    } catch (cause) {
      this.preview = null;
      this.fail(cause);
    } finally {
      this.busy = false;
    }
    return false;
  }
}
