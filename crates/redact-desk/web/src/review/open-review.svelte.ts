// An open review: the document, its history, saving and the selection. The actions are in
// `review-session.svelte.ts`.
import { call, get } from '../api/client';
import type {
  Decision,
  Drawn,
  Found,
  Mute,
  Recording,
  Review,
  ReviewDocument,
  ReviewTrack,
  Risk,
  Saved,
  Transcript,
} from '../api/types';
import { many } from '../lib/format';
import { DRAFTS } from '../lib/session.svelte';
import { store, stored } from '../lib/storage';
import { toast } from '../lib/toast.svelte';
import { Autosave, type SaveState } from './autosave';
import type { FoundById } from './boxes';
import { FrameClock } from './clock';
import * as edit from './edit';
import { History } from './history';
import type { Materials } from './materials';
import { Player } from './player.svelte';
import { type Speech, speechOf } from './speech';
import { checkFirst, type Filter, listed, type Order, riskByTrack, type Selection } from './select';

export class OpenReview {
  readonly clock: FrameClock;
  readonly player: Player;
  readonly found: Found;
  readonly foundById: FoundById;
  readonly recording: Recording;
  readonly transcript: Transcript | null;
  readonly risk: ReadonlyMap<number, Risk>;

  review = $state.raw<Review>()!;
  document = $state.raw<ReviewDocument>()!;
  selection = $state.raw<Selection>({ kind: 'none' });
  save = $state.raw<SaveState>({ kind: 'saved', at: null });
  undoLabel = $state<string | null>(null);
  redoLabel = $state<string | null>(null);
  filter = $state<Filter>('all');
  order = $state<Order>('time');
  drawing = $state(false);
  preview = $state(false);
  goOn = $state(true);
  muteIn = $state<number | null>(null);
  following = $state(false);

  readonly #history: History;
  readonly #autosave: Autosave;
  readonly #draftKey: string;
  #sent: ReviewDocument | null = null;

  constructor({ review, recording, timeline, found, transcript }: Materials) {
    this.transcript = transcript;
    this.review = review;
    this.recording = recording;
    this.found = found;
    this.foundById = new Map(found.tracks.map((t) => [t.id, t]));
    this.clock = new FrameClock(timeline);
    this.player = new Player(this.clock);
    this.#history = new History(review.document);
    this.document = review.document;
    this.risk = riskByTrack(found.look_here_first);
    this.#draftKey = DRAFTS + review.id;
    this.#autosave = new Autosave(review.revision, {
      send: (base, document) => {
        this.#sent = document;
        return call<Saved>('PUT', `/reviews/${review.id}`, { base, document });
      },
      drafts: {
        keep: (base, document) => void store(this.#draftKey, JSON.stringify({ base, document })),
        drop: () => void store(this.#draftKey, null),
      },
      tell: (state) => this.#saveState(state),
      saved: (saved) => this.#saved(saved),
    });
    this.#restoreDraft();
  }

  // ---- what is there

  tracks = $derived(listed(this.document, this.filter, this.order, (t) => this.riskOf(t)));
  counts = $derived.by(() => {
    const of = (verdict: Decision['verdict'] | null): number =>
      this.document.tracks.filter((t) => (t.decision?.verdict ?? null) === verdict).length;
    return { undecided: of(null), hidden: of('redact'), kept: of('keep'), rejected: of('reject') };
  });
  selected = $derived.by((): ReviewTrack[] => {
    const selection = this.selection;
    return selection.kind === 'tracks'
      ? this.document.tracks.filter((t) => selection.ids.has(t.id))
      : [];
  });
  region = $derived.by((): Drawn | null => {
    const selection = this.selection;
    return selection.kind === 'drawn'
      ? (this.document.drawn.find((d) => d.id === selection.id) ?? null)
      : null;
  });
  mute = $derived.by((): Mute | null => {
    const selection = this.selection;
    return selection.kind === 'mute'
      ? (this.document.mutes.find((m) => m.id === selection.id) ?? null)
      : null;
  });

  speech = $derived.by((): Speech[] =>
    speechOf(
      this.review.policy_mutes,
      this.document.mutes,
      this.recording.media?.audio.length ?? 0,
      this.document.kept_speech ?? [],
    ),
  );
  undecidedSpeech = $derived(this.speech.filter((s) => s.undecided.length > 0));
  chosenSpeech = $derived.by((): Speech | null => {
    const selection = this.selection;
    return selection.kind === 'speech' ? (this.speech[selection.number] ?? null) : null;
  });
  /** What to check first: one row per track. */
  toCheck = $derived.by(() => checkFirst(this.document, this.found.look_here_first));
  /** Found boxes that no track covers. They block approval. */
  leftOut = $derived.by(() => edit.leftOut(this.document, this.foundById));

  riskOf(track: ReviewTrack): Risk | null {
    let most: Risk | null = null;
    for (const part of track.parts) {
      const risk = 'found' in part ? this.risk.get(part.found) : undefined;
      if (risk !== undefined && (most === null || risk.risk > most.risk)) most = risk;
    }
    return most;
  }

  // ---- changing and saving

  /** Applies an edit, adds it to the history, and saves it shortly after. */
  change(
    label: string,
    act: edit.Edit,
    join: string | null = null,
    fromStepStart = false,
  ): boolean {
    if (!this.#history.do(label, act, join, fromStepStart)) return false;
    this.#sync();
    this.#autosave.change(this.document);
    return true;
  }

  settle(): void {
    this.#history.settle();
  }

  undo(): void {
    const label = this.#history.undo();
    if (label !== null) this.#stepped(`Undone: ${label}`);
  }

  redo(): void {
    const label = this.#history.redo();
    if (label !== null) this.#stepped(`Redone: ${label}`);
  }

  get revision(): number {
    return this.#autosave.revision;
  }

  get unsaved(): boolean {
    return this.#autosave.dirty;
  }

  flush(): Promise<boolean> {
    return this.#autosave.flush();
  }

  close(): void {
    void this.#autosave.flush().finally(() => this.#autosave.stop());
    this.player.pause();
  }

  /** Resolves a conflict: with the server's document, or with this one as a new revision. */
  async resolve(mine: boolean): Promise<void> {
    const theirs = await get<Review>(`/reviews/${this.review.id}`);
    this.review = theirs;
    if (mine) {
      this.#autosave.rebase(theirs.revision, this.document);
    } else {
      this.#history.replace(theirs.document);
      this.#autosave.rebase(theirs.revision, null);
      this.#sync();
    }
  }

  // ---- inside

  /** Shows what was done, with an Undo button. */
  tell(text: string): void {
    toast(text, 'info', { label: 'Undo', act: () => this.undo() });
  }

  #stepped(text: string): void {
    this.#sync();
    this.#autosave.change(this.document);
    toast(text);
  }

  #sync(): void {
    this.document = this.#history.document;
    this.undoLabel = this.#history.undoLabel;
    this.redoLabel = this.#history.redoLabel;
  }

  #saved(saved: Saved): void {
    if (saved.approvals_voided > 0) {
      toast(`${many(saved.approvals_voided, 'approval')} voided because the review changed.`);
      this.review = { ...this.review, approvals: [] };
    }
    this.review = { ...this.review, state: saved.state, revision: saved.revision };
  }

  #saveState(state: SaveState): void {
    this.save = state;
    if (state.kind === 'conflict') void this.#settleOwnConflict(state.revision);
  }

  /** A save whose response was lost looks like a conflict; equal content is none. */
  async #settleOwnConflict(revision: number): Promise<void> {
    const theirs = await get<Review>(`/reviews/${this.review.id}/revisions/${revision}`).catch(
      () => null,
    );
    if (theirs === null || this.save.kind !== 'conflict') return;
    if (edit.sameContent(theirs.document, this.document)) {
      this.#autosave.rebase(revision, null);
    } else if (this.#sent !== null && edit.sameContent(theirs.document, this.#sent)) {
      this.#autosave.rebase(revision, this.document);
    }
  }

  #restoreDraft(): void {
    const text = stored(this.#draftKey);
    if (text === null) return;
    try {
      const draft = JSON.parse(text) as { base: number; document: ReviewDocument };
      if (edit.sameContent(draft.document, this.document)) store(this.#draftKey, null);
      else if (draft.base === this.review.revision) {
        this.change('Restored changes', () => draft.document);
        toast('Unsaved changes were restored.', 'ok');
      } else {
        const { revision, changed_by: by, changed_at: at } = this.review;
        this.#history.do('Restored changes', () => draft.document);
        this.#sync();
        this.#autosave.conflict({ kind: 'conflict', revision, by, at }, draft.document);
      }
    } catch {
      store(this.#draftKey, null);
    }
  }
}
