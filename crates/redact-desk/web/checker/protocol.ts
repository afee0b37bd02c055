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

/** A file of a folder. */
export interface FoundFile {
  /** Its path in the folder, with `/` between folders and name. */
  path: string;
  file: File;
}

/** A package: a folder, or one file that holds it. */
export type PackageFiles = { files: FoundFile[] } | { container: File };

/** A release with the files that belong to it. */
export interface ReleaseTask {
  kind: 'release';
  release: File;
  manifest: SignedFile;
  sealed: SignedFile | null;
  otherManifests: SignedFile[];
  captions: Blob | null;
  hasStamp: boolean;
}

export interface PackageTask {
  kind: 'package';
  content: PackageFiles;
}

/** What is to be checked; one per worker. */
export interface Task {
  /** The WebAssembly module. */
  module: Uint8Array<ArrayBuffer>;
  keys: KeyFile[];
  work: ReleaseTask | PackageTask;
  /** Takes a `FrameRequest`, gives a `FrameAnswer`. */
  frames: MessagePort;
}

/** A frame that the page is to show: the one that begins at `from`, seconds, at the time `at`. */
export interface FrameRequest {
  from: number;
  at: number;
  /** The recording, with the first request for one of its frames. */
  video?: Blob;
}

export type FrameAnswer =
  /** Red, green, blue and opacity of each pixel. */
  | { kind: 'frame'; width: number; height: number; pixels: Uint8ClampedArray<ArrayBuffer> }
  /** Another frame was shown, or none. */
  | { kind: 'missing' }
  /** The player cannot decode the recording. */
  | { kind: 'broken'; why: string }
  /** No frame can be shown here. */
  | { kind: 'impossible'; why: string };

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
  /** Whether all that failed are valid signatures by keys that nobody vouched for. */
  lacks_only_trust: boolean;
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

/** The part of a package manifest that the page shows. */
export interface PackageManifest {
  created: string;
  profile: { name: string };
  request: {
    agency: string | null;
    number: string | null;
    case_number: string | null;
    requester: string | null;
  };
  exhibits: Exhibit[];
}

export interface Exhibit {
  number: number;
  source_name?: string;
  release_bytes: number;
  frames: number;
  seconds: number;
  parts: { number: number; seconds: [number, number] }[];
}

/** What was found out about a release. */
export interface ReleaseState {
  verdict: Verdict;
  manifest: Manifest | null;
  /** When each frame of the file is shown, seconds, ascending. */
  times: Float64Array;
  /** How many frames were decoded and measured. */
  framesMeasured: number;
  /** Whether masks and mutes were measured, or cannot be. */
  isFinal: boolean;
}

/** Which release of a package it is. */
export interface ReleasePlace {
  /** `exhibit 1`, or `exhibit 1, part 2`. */
  label: string;
  exhibit: number;
  part: number | null;
}

export interface ReleaseAnswer extends ReleaseState {
  kind: 'release';
  /** Where it is in its package; `null` for a release by itself. */
  place: ReleasePlace | null;
  video: Blob;
}

export interface PackageAnswer {
  kind: 'package';
  verdict: Verdict;
  /** `null` if its signature does not hold. */
  manifest: PackageManifest | null;
  /** All files that are in the package. */
  paths: string[];
  isFinal: boolean;
}

export type Answer =
  | { kind: 'progress'; what: string; done: number; total: number }
  | ReleaseAnswer
  | PackageAnswer
  | { kind: 'failed'; message: string };

/** Whether nothing comes after an answer. */
export function isLast(answer: Answer): boolean {
  if (answer.kind === 'failed') return true;
  return (
    (answer.kind === 'package' || (answer.kind === 'release' && answer.place === null)) &&
    answer.isFinal
  );
}
