// What the page and its worker say to each other.

/** A file that says which keys to trust. */
export interface KeyFile {
  /** The ending says what it is: `.pub`, `.rotation.pub`, `.rotation.json`, `.approver.json`. */
  name: string;
  content: Blob;
}

/** A record and its signature. */
export interface SignedFile {
  record: Blob;
  signature: Blob;
}

/** What is to be checked; one per worker. */
export interface Task {
  /** The WebAssembly module. */
  module: Uint8Array<ArrayBuffer>;
  release: File;
  manifest: SignedFile;
  sealed: SignedFile | null;
  otherManifests: SignedFile[];
  hasStamp: boolean;
  keys: KeyFile[];
}

export interface Check {
  group: string;
  name: string;
  evidence: string;
  passed: boolean;
}

export interface NotChecked {
  group: string;
  name: string;
  why: string;
}

export type Signer =
  | { state: 'trusted'; id: string }
  | { state: 'unknown'; id: string; key: string; fingerprint: string }
  | { state: 'nobody' };

export interface Verdict {
  /** As `redact verify` prints it. */
  text: string;
  passed: boolean;
  signer: Signer;
  checks: Check[];
  not_checked: NotChecked[];
  /** What, and its SHA-256. */
  digests: [string, string][];
}

export interface MaskItem {
  item: number;
  description: string;
  class: string | null;
  /** First frame, and the first behind the last. */
  frames: [number, number];
  release_seconds: [number, number];
  effect: { kind: string };
  reason: string;
  /** Frame, then left, top, right and bottom as fractions of the picture. */
  geometry: [number, number, number, number, number][];
}

export interface MuteItem {
  item: number;
  description: string;
  release_seconds: [number, number];
  reason: string;
}

/** The part of a manifest that the page shows. */
export interface Manifest {
  created: string;
  terms: { agency: string };
  masks: MaskItem[];
  mutes: MuteItem[];
  reasons: { code: string; statute: string }[];
  removed: { item: number; description: string }[];
}

export type Answer =
  | { kind: 'progress'; what: string; done: number; total: number }
  | {
      kind: 'verdict';
      verdict: Verdict;
      manifest: Manifest | null;
      /** When each frame is shown, seconds, ascending. */
      times: Float64Array;
      /** Whether masks and mutes were measured, or cannot be. */
      isFinal: boolean;
    }
  | { kind: 'failed'; message: string };
