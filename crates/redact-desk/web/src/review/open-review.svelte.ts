// An open review: the document, its history, saving and the selection. The actions are in
// `review-session.svelte.ts`.
import { call, get } from '../api/client';
import type {
  Class,
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
import { commitField } from '../lib/fields';
import { DRAFTS, session } from '../lib/session.svelte';
import { store, stored } from '../lib/storage';
import { toast } from '../lib/toast.svelte';
import { Autosave, type SaveState } from './autosave';
import type { FoundById } from './boxes';
import { FrameClock } from './clock';
import * as edit from './edit';
import { History } from './history';
import type { Materials } from './materials';
import { PictureZoom } from './picture-zoom.svelte';
import { type Place, storedPlace, storePlace } from './place';
import { clashes, difference, overlay } from './overlay';
import { Player } from './player.svelte';
import { type Speech, speechOf } from './speech';
import {
  checkEntries,
  checkFirst,
  type Filter,
  listed,
  listRows,
  type Order,
  riskByTrack,
  type Selection,
} from './select';

export class OpenReview {
  readonly clock: FrameClock;
  readonly player: Player;
  readonly zoom = new PictureZoom();
  readonly found: Found;
  readonly foundById: FoundById;
  readonly recording: Recording;
  readonly transcript: Transcript | null;
  readonly risk: ReadonlyMap<number, Risk>;

  review = $state.raw<Review>()!;
  document = $state.raw<ReviewDocument>()!;
  save = $state.raw<SaveState>({ kind: 'saved', at: null });
  undoLabel = $state<string | null>(null);
  redoLabel = $state<string | null>(null);
  filter = $state<Filter>('all');
  order = $state<Order>('time');
  /** Only tracks of this class are listed. */
  ofClass = $state<Class | 'all'>('all');
  /** The list shown: check first, tracks, sound, transcript. */
  tab = $state(1);
  /** Keys of what was shown of the list to check first. */
  seen = $state.raw<ReadonlySet<string>>(new Set());
  /** The key of the entry shown last. */
  shown: string | null = null;
  drawing = $state(false);
  preview = $state(false);
  /** Whether the preview shows where masks are. */
  outlines = $state(false);
  /** Where the recording ends and the preview begins, percent of the picture; `null`: no line. */
  compare = $state<number | null>(null);
  goOn = $state(true);
  /** Whether the sheet is open that sorts faces into people. */
  sorting = $state(false);
  muteIn = $state<number | null>(null);
  following = $state(false);

  #selection = $state.raw<Selection>({ kind: 'none' });
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
      saved: (saved, sent) => this.#saved(saved, sent),
    });
    this.#restoreDraft();
  }

  // ---- what is there

  get selection(): Selection {
    return this.#selection;
  }

  /** What is being typed still belongs to what was selected before. */
  set selection(next: Selection) {
    commitField();
    this.#selection = next;
  }

  tracks = $derived(
    listed(this.document, this.filter, this.order, (t) => this.riskOf(t), this.ofClass),
  );
  /** The list of tracks, with the regions that a person drew. */
  rows = $derived(listRows(this.document.drawn, this.tracks, this.filter, this.ofClass));
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
  /** All entries of the list to check first. */
  entries = $derived.by(() => checkEntries(this.document, this.toCheck));
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
    how: { fromStepStart?: boolean; within?: number } = {},
  ): boolean {
    if (this.#isLocked()) return false;
    if (!this.#history.do(label, act, join, how)) return false;
    this.#sync();
    this.#autosave.change(this.document);
    return true;
  }

  #isLocked(): boolean {
    if (this.locked) toast('This review is approved. Reopen it to change it.');
    return this.locked;
  }

  settle(): void {
    this.#history.settle();
  }

  undo(): void {
    if (this.#isLocked()) return;
    const label = this.#history.undo();
    if (label !== null) this.#stepped(`Undone: ${label}`);
  }

  redo(): void {
    if (this.#isLocked()) return;
    const label = this.#history.redo();
    if (label !== null) this.#stepped(`Redone: ${label}`);
  }

  /** Where the person is, to be found again after a reload. */
  get place(): Place {
    const { filter, ofClass, order, selection, tab } = this;
    const { frame } = this.player;
    return { frame, tab, filter, class: ofClass, order, selection, seen: [...this.seen] };
  }

  storePlace(): void {
    storePlace(this.review.id, this.place);
  }

  /** Goes to where this person was before; `false` if nothing is stored. */
  restorePlace(): boolean {
    const place = storedPlace(this.review.id);
    if (place === null) return false;
    this.filter = place.filter;
    this.ofClass = place.class;
    this.order = place.order;
    this.tab = place.tab;
    this.seen = new Set(place.seen);
    this.selection = place.selection;
    this.player.seek(place.frame);
    return true;
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

  #saved(saved: Saved, sent: ReviewDocument): void {
    this.review = { ...this.review, state: saved.state, revision: saved.revision };
    if (saved.merged) this.#adopt(sent, saved.merged, saved.revision);
  }

  /** Takes over what others changed between two documents. */
  #adopt(before: ReviewDocument, after: ReviewDocument, revision: number): void {
    const changes = difference(before, after);
    if (clashes(this.document, changes)) {
      const { changed_by: by, changed_at: at } = this.review;
      const both = ['the item you are editing'];
      this.#autosave.conflict({ kind: 'conflict', revision, by, at, both }, this.document);
      return;
    }
    this.#history.adopt((document) => overlay(document, changes));
    this.#sync();
    this.#autosave.advance(revision, this.document);
  }

  /** Whether the review cannot be changed, because someone approved it. */
  get locked(): boolean {
    return this.review.approvals.length > 0;
  }

  /** Loads what others did: changes, approvals, or that the review was sent back. */
  async catchUp(): Promise<void> {
    const theirs = await get<Review>(`/reviews/${this.review.id}`).catch(() => null);
    if (theirs === null || this.save.kind === 'conflict') return;
    // While something is unsaved, the save brings the changes of others.
    if (this.unsaved && theirs.revision !== this.revision) return;
    const changed = theirs.revision !== this.revision;
    const before = this.document;
    this.review = theirs;
    if (!changed) return;
    this.#adopt(before, theirs.document, theirs.revision);
    if (theirs.changed_by !== session.me?.name) toast(`${theirs.changed_by} changed this review.`);
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
        const both = ['an item that you changed earlier'];
        this.#autosave.conflict({ kind: 'conflict', revision, by, at, both }, draft.document);
      }
    } catch {
      store(this.#draftKey, null);
    }
  }
}
