// What the server says, as `API.md` of this crate defines it. Times in a recording are seconds or
// frames from its first frame; ranges are half-open; rectangles are fractions of the picture.

export type Role = 'operator' | 'approver' | 'auditor' | 'administrator';
export type Class = 'face' | 'plate' | 'screen' | 'vehicle';
export type Rect = [xMin: number, yMin: number, xMax: number, yMax: number];

export interface ApiErrorBody {
  error: { code: string; message: string; hint?: string; field?: string; details?: unknown };
}

export interface State {
  version: string;
  signed_in: boolean;
  needs_setup: boolean;
  tls: boolean;
}

export interface Me {
  id: string;
  login: string;
  name: string;
  role: Role;
  idle_seconds: number;
  ends_at: string;
}

export interface User {
  id: string;
  login: string;
  name: string;
  role: Role;
  active: boolean;
  enrolled: boolean;
  locked_until: string | null;
  last_seen_at: string | null;
  pending: Pending | null;
}

export type GrantAction = 'invite' | 'change' | 'reset' | 'remove';

/** What waits for a second administrator. */
export interface Pending {
  action: GrantAction;
  role: Role;
  by: string;
  by_id: string;
  at: string;
}

/** What an administrator did without a second one. */
export interface Notice {
  id: string;
  action: GrantAction;
  role: Role;
  by: string;
  about: string;
  at: string;
}

/** What somebody saw of a recording in one session. */
export interface View {
  by: string;
  began_at: string;
  last_at: string;
  spans: [start: number, end: number][];
  seconds: [start: number, end: number][];
  frames: number;
  seen: Record<string, number>;
  open: boolean;
}

/** A past release, and whether it holds by the rules of this version. */
export interface RecheckedRelease {
  id: string;
  name: string;
  title: string;
  policy_name: string;
  request_number: string | null;
  state: 'rendering' | 'verifying' | 'ready' | 'wrong' | 'failed';
  holds: boolean | null;
  why: { name: string; evidence: string }[];
  made_at: string | null;
  checked_at: string | null;
  copies: { at: string; by: string; to: string; medium: Medium }[];
}

export interface Recheck {
  began_at: string | null;
  by: string | null;
  waiting: number;
  total: number;
  releases: RecheckedRelease[];
}

export interface Person {
  id: string;
  name: string;
  role: Role;
}

export interface Invite {
  login: string | null;
  name: string | null;
  role: Role;
  expires_at: string;
}

export interface Enrolment {
  secret: string;
  uri: string;
  qr_svg: string;
}

export type RequesterKind =
  'public' | 'press' | 'data_subject' | 'attorney' | 'court' | 'agency' | 'other';

export interface NewRequest {
  number: string;
  requester_kind: RequesterKind;
  requester?: string;
  jurisdiction: string;
  received_on: string;
  due_on?: string;
  assignee?: string | null;
  note?: string;
}

export type Stage =
  | 'needs_recording'
  | 'preparing'
  | 'in_review'
  | 'awaiting_approval'
  | 'approved'
  | 'rendering'
  | 'ready'
  | 'handed_over'
  | 'closed'
  | 'failed';

export interface Request {
  id: string;
  number: string;
  requester_kind: RequesterKind;
  requester: string;
  jurisdiction: string;
  received_on: string;
  due_on: string;
  days_left: number;
  overdue: boolean;
  stage: Stage;
  assignee: { id: string; name: string } | null;
  note: string;
  recordings_count: number;
  releases_count: number;
  created_at: string;
  changed_at: string;
}

export type FullRequest = Request & { recordings: Recording[]; releases: Release[] };

export interface Clock {
  key: string;
  title: string;
  days: number;
  unit: 'days' | 'working_days';
  statute: string;
  source: string;
  holidays: string | null;
}

export interface PolicyHead {
  digest: string;
  name: string;
  title: string;
  jurisdiction: string;
  note: string;
  second_person: boolean;
  signed: boolean;
}

export type Effect = { kind: 'fill' } | { kind: 'pixelate' | 'blur'; cells_across: number };
export type MuteStyle = 'silence' | 'tone';

export interface ClassRule {
  class: Class;
  verdict: 'redact' | 'keep';
  effect: Effect;
  reason: string;
  accept_weak_effect: boolean;
}

export interface Reason {
  code: string;
  statute: string;
  text: string;
}

export type Policy = PolicyHead & {
  classes: ClassRule[];
  audio: { mute_speech: boolean; style: MuteStyle; padding_seconds: number; reason: string };
  reasons: Reason[];
};

export interface Upload {
  id: string;
  name: string;
  bytes: number;
  offset: number;
  purpose: 'recording' | 'audit';
  request: string | null;
  piece_bytes_max: number;
}

export interface WatchedFile {
  id: string;
  name: string;
  bytes: number;
  changed_at: string;
}

export interface Media {
  width: number;
  height: number;
  frames: number;
  duration_seconds: number;
  container: string;
  video_codec: string;
  frame_rate: [number, number] | null;
  conversions: string[];
  audio: { codec: string; rate_hz: number; channels: number }[];
}

export interface Recording {
  id: string;
  request: string;
  name: string;
  bytes: number;
  added_at: string;
  added_by: string;
  sha256: string | null;
  state: 'preparing' | 'ready' | 'failed';
  error: JobError | null;
  proxy: boolean;
  waveform: boolean;
  tracks: boolean;
  thumbnails: boolean;
  media: Media | null;
  lost_sound_by: string | null;
  jobs: Job[];
  reviews: ReviewHead[];
}

export interface Timeline {
  frames: number;
  num: number;
  den: number;
  runs: [count: number, ticks: number][];
}

export interface Risk {
  track: number;
  class: Class;
  start: number;
  end: number;
  why: string;
  risk: number;
}

export interface FoundTrack {
  id: number;
  class: Class;
  start: number;
  end: number;
  boxes: number[];
  scores: number[];
  origins: string;
}

export interface Found {
  tracks: FoundTrack[];
  missing: Class[];
  speech: [number, number][] | null;
  look_here_first: Risk[];
}

export type KeyRow = [frame: number, xMin: number, yMin: number, xMax: number, yMax: number];
export type Stop = 'end' | 'cut' | 'lost' | 'limit';

export interface Followed {
  start: number;
  end: number;
  path: KeyRow[];
  stopped: { back: Stop | null; forward: Stop | null };
}

export type Part =
  { found: number; start: number; end: number } | { path: KeyRow[]; start: number; end: number };

export type Decision = (
  | { verdict: 'redact'; effect: Effect; reason: string }
  | { verdict: 'keep'; reason: string }
  | { verdict: 'reject'; reason: string } // not what the model took it for
) & { by?: string; at?: string };

/** What a person added to a box on its sides, in the box's own widths and heights. */
export type MarginRow = [frame: number, left: number, top: number, right: number, bottom: number];

export interface ReviewTrack {
  id: number;
  class: Class;
  person: string | null;
  parts: Part[];
  margins?: MarginRow[];
  decision: Decision | null;
}

export interface Drawn {
  id: string;
  effect: Effect;
  reason: string;
  start: number;
  end: number;
  keyframes: KeyRow[];
}

export interface Mute {
  id: string;
  start_seconds: number;
  end_seconds: number;
  sound_tracks: 'all' | number[];
  style: MuteStyle;
  reason: string;
}

/** Speech that the policy mutes and a reviewer keeps audible; `by` and `at` are the server's. */
export interface KeptSpeech {
  start_nanos: number;
  end_nanos: number;
  reason: string;
  by?: string;
  at?: string;
}

export interface ReviewDocument {
  tracks: ReviewTrack[];
  drawn: Drawn[];
  mutes: Mute[];
  kept_speech?: KeptSpeech[];
  acknowledged: Class[];
}

export interface Approval {
  by: string;
  at: string;
  role: Role;
  statement: string;
  signed: boolean;
}

export interface ReviewHead {
  id: string;
  recording: string;
  title: string;
  policy_name: string;
  policy_digest: string;
  revision: number;
  changed_at: string;
  changed_by: string;
  state: 'in_review' | 'awaiting_second' | 'approved';
  second_person: boolean;
  approvals: Approval[];
}

export type Review = ReviewHead & {
  policy: Policy;
  policy_mutes: [start: number, end: number][]; // nanoseconds
  document: ReviewDocument;
};

export interface Revision {
  revision: number;
  at: string;
  by: string;
  undecided: number;
}

export interface Saved {
  revision: number;
  saved_at: string;
  state: ReviewHead['state'];
  approvals_voided: number;
}

export interface Problem {
  code:
    | 'undecided'
    | 'undecided_speech'
    | 'unacknowledged'
    | 'weak_effect'
    | 'unknown_reason'
    | 'left_out'
    | 'invalid';
  message: string;
  track?: number;
  class?: Class;
  id?: string;
  start_seconds?: number;
}

export interface Summary {
  revision: number;
  problems: Problem[];
  classes: {
    class: Class;
    looked_for: boolean;
    acknowledged: boolean;
    hidden: number;
    kept: number;
    rejected: number;
    undecided: number;
  }[];
  reasons: (Reason & {
    hidden: number;
    kept: number;
    rejected: number;
    drawn: number;
    mutes: number;
    kept_speech: number;
  })[];
  kept_speech: {
    start_seconds: number;
    end_seconds: number;
    reason: string;
    by: string;
    at: string;
  }[];
  rejected: { track: number; class: Class; reason: string; by: string; at: string }[];
  drawn: number;
  mutes: number;
  muted_seconds: number;
  speech_seconds: number | null;
  unmuted_speech_seconds: number | null;
  left_out: { track: number; class: Class; frames: number; first_frame: number }[];
  against_policy: { track: number; class: Class; policy: 'redact' | 'keep' }[];
  second_person: boolean;
  approvals: Approval[];
  plan_sha256: string | null;
}

export interface Differences {
  tracks: { track: number; class: Class; here: string; there: string }[];
  drawn_only_here: string[];
  drawn_only_there: string[];
  mutes_only_here: string[];
  mutes_only_there: string[];
  muted_seconds: [number, number];
}

export type JobKind =
  'prepare' | 'scan' | 'thumbnails' | 'follow' | 'preview' | 'render' | 'verify' | 'audit';

export interface Job {
  id: string;
  kind: JobKind;
  request: string | null;
  recording: string | null;
  review: string | null;
  release: string | null;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  phase: string | null;
  done: number;
  total: number | null;
  seconds_left: number | null;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  by: string;
  error: JobError | null;
  result: unknown;
  request_number: string | null;
  recording_name: string | null;
}

export interface JobError {
  message: string;
  hint: string | null;
  to_accept: 'lost_sound' | null;
}

export type FileKind =
  | 'release'
  | 'manifest'
  | 'manifest_signature'
  | 'sealed'
  | 'sealed_signature'
  | 'log'
  | 'log_csv'
  | 'log_pdf'
  | 'report';

export interface Verdict {
  ok: boolean;
  checks: {
    group: string;
    name: string;
    status: 'ok' | 'wrong' | 'not_checked';
    evidence: string;
  }[];
}

export interface Release {
  id: string;
  request: string;
  recording: string;
  review: string;
  revision: number;
  title: string;
  policy_name: string;
  state: 'rendering' | 'verifying' | 'ready' | 'wrong' | 'failed';
  job: Job | null;
  verdict: Verdict | null;
  files: { kind: FileKind; name: string; bytes: number }[];
  approvals: Approval[];
  made_at: string | null;
  request_number: string;
  recording_name: string;
  why: string;
  replaced_by: string | null;
  chain: ReleaseLink[];
  others: ReleaseLink[];
  copies: number;
}

/** A release among others of its recording. */
export interface ReleaseLink {
  id: string;
  title: string;
  policy_name: string;
  state: Release['state'];
  created_at: string;
  why: string;
}

export type Medium = 'download' | 'disc' | 'drive' | 'portal' | 'mail' | 'other';

export interface Copy {
  id: string;
  at: string;
  by: string;
  to: string;
  medium: Medium;
  note: string;
  files: { kind: FileKind; sha256: string }[];
}

export interface Audit {
  id: string;
  release_name: string;
  at: string;
  job: Job;
  verdict: Verdict | null;
}

export interface EventEntry {
  seq: number;
  at: string;
  who: string;
  what: string;
  outcome: 'success' | 'refused' | 'failure';
  program: string;
  machine: string;
  subjects: Record<string, string>;
  details: Record<string, string | number>;
}

export type Change =
  | { kind: 'request' | 'recording' | 'review' | 'release' | 'audit'; id: string }
  | { kind: 'job'; id: string; job: Job };
