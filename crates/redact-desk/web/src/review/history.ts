// Undo and redo: the documents before and after each change, with a label for each.
import type { ReviewDocument } from '../api/types';
import type { Edit } from './edit';

interface Step {
  label: string;
  document: ReviewDocument;
}

const STEPS_MAX = 500;

export class History {
  #past: Step[] = [];
  #future: Step[] = [];
  #now: ReviewDocument;
  #joined: string | null = null;
  #joinedAt = 0;

  constructor(document: ReviewDocument) {
    this.#now = document;
  }

  get document(): ReviewDocument {
    return this.#now;
  }

  get undoLabel(): string | null {
    return this.#past.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.#future.at(-1)?.label ?? null;
  }

  /**
   * Applies `edit`; `false` if it changes nothing. Consecutive steps with the same `join` are
   * undone as one, e.g. all moves of a drag. With `fromStepStart`, each of them starts from the
   * document before the first, so that only the last one counts. A step takes in what follows
   * within `within` milliseconds of its start.
   */
  do(
    label: string,
    edit: Edit,
    join: string | null = null,
    { fromStepStart = false, within = Infinity, now = performance.now() } = {},
  ): boolean {
    const sameStep =
      join !== null &&
      join === this.#joined &&
      this.#past.length > 0 &&
      now - this.#joinedAt <= within;
    const next = edit(fromStepStart && sameStep ? this.#past.at(-1)!.document : this.#now);
    if (next === this.#now) return false;
    if (!sameStep) this.#past.push({ label, document: this.#now });
    if (this.#past.length > STEPS_MAX) this.#past.shift();
    this.#future = [];
    this.#now = next;
    if (!sameStep) this.#joinedAt = now;
    this.#joined = join;
    return true;
  }

  /** Ends joining: the next change is a separate step. */
  settle(): void {
    this.#joined = null;
  }

  /** Undoes one step and returns its label. */
  undo(): string | null {
    return this.#move(this.#past, this.#future);
  }

  redo(): string | null {
    return this.#move(this.#future, this.#past);
  }

  /** Brings a change of someone else into every step, so that undo does not take it back. */
  adopt(change: (document: ReviewDocument) => ReviewDocument): void {
    this.#now = change(this.#now);
    for (const step of [...this.#past, ...this.#future]) step.document = change(step.document);
    this.#joined = null;
  }

  /** Starts over with another document, e.g. another user's revision. */
  replace(document: ReviewDocument): void {
    this.#now = document;
    this.#past = [];
    this.#future = [];
    this.#joined = null;
  }

  #move(source: Step[], target: Step[]): string | null {
    const step = source.pop();
    if (step === undefined) return null;
    target.push({ label: step.label, document: this.#now });
    this.#now = step.document;
    this.#joined = null;
    return step.label;
  }
}
