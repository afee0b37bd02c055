// Saves the document shortly after each change, one request at a time. While the server is
// unreachable it retries, and a draft stays in the browser until it is saved.
import { ApiError } from '../api/client';
import type { ReviewDocument, Saved } from '../api/types';

export type SaveState =
  | { kind: 'saved'; at: string | null }
  | { kind: 'waiting' }
  | { kind: 'saving' }
  | { kind: 'offline'; message: string }
  | { kind: 'conflict'; revision: number; by: string; at: string; both: string[] }
  | { kind: 'refused'; message: string };

/** Storage in which an unsaved document survives a reload. */
export interface Drafts {
  keep(base: number, document: ReviewDocument): void;
  drop(): void;
}

export interface AutosaveOptions {
  send: (base: number, document: ReviewDocument) => Promise<Saved>;
  drafts: Drafts;
  tell: (state: SaveState) => void;
  saved: (saved: Saved, sent: ReviewDocument) => void;
  delayMs?: number;
  retryMs?: number;
}

export class Autosave {
  #base: number;
  #latest: ReviewDocument | null = null; // changed and not sent yet
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;
  #state: SaveState = { kind: 'saved', at: null };
  readonly #options: AutosaveOptions;

  constructor(base: number, options: AutosaveOptions) {
    this.#base = base;
    this.#options = options;
  }

  /** The revision that the server has. */
  get revision(): number {
    return this.#base;
  }

  get state(): SaveState {
    return this.#state;
  }

  get dirty(): boolean {
    return this.#latest !== null || this.#running !== null;
  }

  change(document: ReviewDocument): void {
    this.#latest = document;
    this.#options.drafts.keep(this.#base, document);
    if (this.#state.kind === 'conflict') return;
    if (this.#state.kind !== 'offline' && this.#running === null) this.#tell({ kind: 'waiting' });
    this.#schedule(this.#options.delayMs ?? 500);
  }

  /** Saves now; `true` once everything is saved, `false` if it cannot be. */
  async flush(): Promise<boolean> {
    this.#clear();
    while (this.#running !== null || (this.#latest !== null && this.#canSend())) {
      await (this.#running ?? this.#save());
      if (this.#state.kind === 'offline') break;
    }
    return !this.dirty;
  }

  /** Continues from another revision after the user resolved a conflict. */
  rebase(revision: number, keepMine: ReviewDocument | null): void {
    this.#base = revision;
    this.#latest = keepMine;
    this.#tell(keepMine === null ? { kind: 'saved', at: null } : { kind: 'waiting' });
    if (keepMine === null) this.#options.drafts.drop();
    else this.#schedule(0);
  }

  /** Continues from a newer revision whose changes are in the document now. */
  advance(revision: number, document: ReviewDocument): void {
    this.#base = revision;
    if (this.#latest === null) return;
    this.#latest = document;
    this.#options.drafts.keep(revision, document);
  }

  /** Starts with an outdated document: the user must resolve the conflict. */
  conflict(state: SaveState & { kind: 'conflict' }, mine: ReviewDocument): void {
    this.#latest = mine;
    this.#tell(state);
  }

  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #canSend(): boolean {
    return this.#state.kind !== 'conflict' && !this.#stopped;
  }

  #schedule(ms: number): void {
    this.#clear();
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void (this.#running ?? this.#save()), ms);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #save(): Promise<void> {
    this.#running = this.#sendLatest().finally(() => {
      this.#running = null;
      if (this.#latest !== null && this.#canSend()) {
        const away = this.#state.kind === 'offline' || this.#state.kind === 'refused';
        if (this.#timer === null && this.#state.kind !== 'refused') {
          this.#schedule(away ? (this.#options.retryMs ?? 2000) : 0);
        }
      }
    });
    return this.#running;
  }

  async #sendLatest(): Promise<void> {
    const document = this.#latest;
    if (document === null || !this.#canSend()) return;
    this.#latest = null;
    this.#clear();
    this.#tell({ kind: 'saving' });
    try {
      const saved = await this.#options.send(this.#base, document);
      this.#base = saved.revision;
      if (this.#latest === null) this.#options.drafts.drop();
      else this.#options.drafts.keep(this.#base, this.#latest);
      this.#tell({ kind: 'saved', at: saved.saved_at });
      this.#options.saved(saved, document);
    } catch (error) {
      this.#latest ??= document;
      this.#tell(failure(error));
    }
  }

  #tell(state: SaveState): void {
    this.#state = state;
    if (!this.#stopped) this.#options.tell(state);
  }
}

interface Conflict {
  revision: number;
  by: string;
  at: string;
  /** What both changed. */
  both?: string[];
}

function failure(error: unknown): SaveState {
  if (!(error instanceof ApiError)) return { kind: 'offline', message: String(error) };
  if (error.code === 'newer_revision') {
    const details = error.details as Conflict;
    const { revision, by, at, both = [] } = details;
    return { kind: 'conflict', revision, by, at, both };
  }
  if (error.passing || error.status === 401 || error.status >= 500) {
    return { kind: 'offline', message: error.message };
  }
  return { kind: 'refused', message: error.message };
}
