// Text for values, the same on every page.
import type {
  Class,
  Disposition,
  Effect,
  FileKind,
  Job,
  Medium,
  ReleaseState,
  RequesterKind,
  Role,
  Stage,
} from '../api/types';

const day = new Intl.DateTimeFormat('en-US', { day: 'numeric', month: 'short', year: 'numeric' });
const moment = new Intl.DateTimeFormat('en-US', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});

/** A date `2026-01-31`, not shifted by the time zone. */
export function dayText(value: string): string {
  const date = new Date(`${value}T12:00:00`);
  return Number.isNaN(date.getTime()) ? value : day.format(date);
}

export function momentText(value: string | null): string {
  if (value === null) return '–';
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : moment.format(date);
}

/** `1:02:03.45`; hours only where there are any. */
export function clockText(seconds: number, digits = 2): string {
  const scale = 10 ** digits;
  const whole = Math.floor(Math.max(0, seconds) * scale + 1e-6);
  const rest = whole % scale;
  const all = Math.floor(whole / scale);
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const tail = digits === 0 ? '' : `.${String(rest).padStart(digits, '0')}`;
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}${tail}` : `${m}:${two(s)}${tail}`;
}

/** A duration: `40 s`, `3 min`, `1 h 20 min`. */
export function spanText(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`.replace('.0 ', ' ');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`;

/** A message as a sentence: with a capital letter and a period. */
export function sentence(text: string): string {
  const whole = text === '' || /[.!?…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

export const stageText: Record<Stage, string> = {
  needs_recording: 'Needs a recording',
  preparing: 'Preparing',
  in_review: 'In review',
  awaiting_approval: 'Awaiting approval',
  approved: 'Approved',
  rendering: 'Rendering',
  ready: 'Ready to hand over',
  handed_over: 'Handed over',
  closed: 'Closed',
  failed: 'Needs attention',
};

export const stageTone: Record<Stage, string> = {
  needs_recording: '',
  preparing: 'accent',
  in_review: 'accent',
  awaiting_approval: 'warn',
  approved: 'accent',
  rendering: 'accent',
  ready: 'ok',
  handed_over: 'ok',
  closed: '',
  failed: 'bad',
};

export const dispositionText: Record<Disposition, string> = {
  granted: 'Granted',
  partly_denied: 'Denied in part',
  denied: 'Denied',
  withdrawn: 'Withdrawn',
  no_records: 'No responsive records',
};

export const releaseText: Record<ReleaseState, string> = {
  rendering: 'Rendering',
  verifying: 'Verifying',
  ready: 'Verified',
  wrong: 'Verification failed',
  failed: 'Failed',
};

export const releaseTone: Record<ReleaseState, string> = {
  rendering: 'accent',
  verifying: 'accent',
  ready: 'ok',
  wrong: 'bad',
  failed: 'bad',
};

export const requesterText: Record<RequesterKind, string> = {
  public: 'Member of the public',
  press: 'Press',
  data_subject: 'Person in the recording',
  attorney: 'Attorney',
  court: 'Court',
  agency: 'Another agency',
  other: 'Other',
};

export const roleText: Record<Role, string> = {
  operator: 'Operator',
  approver: 'Approver',
  auditor: 'Auditor',
  administrator: 'Administrator',
};

export const classText: Record<Class, string> = {
  face: 'Face',
  plate: 'Plate',
  screen: 'Screen',
  vehicle: 'Vehicle',
};

/** Names of masks by their IDs: `face-3` is that of track 3. Of more than three, two and a count. */
export function maskNames(ids: readonly string[]): string {
  const name = (id: string): string => {
    const match = /^(face|plate|screen|vehicle)-(\d+)$/.exec(id);
    return match === null ? id : `${classText[match[1] as Class]} ${match[2]}`;
  };
  return ids.length <= 3
    ? ids.map(name).join(', ')
    : `${ids.slice(0, 2).map(name).join(', ')} and ${ids.length - 2} others`;
}

export const classesText: Record<Class, string> = {
  face: 'Faces',
  plate: 'Plates',
  screen: 'Screens',
  vehicle: 'Vehicles, no plate found',
};

/** A track or region by its id: `face-3` is "Face 3". */
export const itemText = (id: string): string =>
  id.replace(/-/g, ' ').replace(/^./, (letter) => letter.toUpperCase());
export const effectText = (effect: Effect): string =>
  effect.kind === 'fill'
    ? 'Black box'
    : `${effect.kind === 'blur' ? 'Blur' : 'Pixelate'} (${effect.cells_across} across)`;

export const fileText: Record<FileKind, string> = {
  release: 'Release (video)',
  captions: 'Captions (WebVTT)',
  manifest: 'Public manifest',
  manifest_signature: 'Signature of the public manifest',
  sealed: 'Sealed manifest',
  sealed_signature: 'Signature of the sealed manifest',
  log: 'Redaction log (web page)',
  log_csv: 'Redaction log (spreadsheet)',
  log_pdf: 'Redaction log (PDF)',
  report: 'Verification report',
};

export const mediumText: Record<Medium, string> = {
  download: 'Download',
  disc: 'Disc',
  drive: 'USB drive',
  portal: 'Records portal',
  mail: 'Email or mail',
  other: 'Other',
};

const phases: Record<string, string> = {
  digest: 'Reading the file',
  probe: 'Reading the file',
  proxy: 'Preparing the recording',
  scan: 'Finding faces, plates and screens',
  thumbnails: 'Creating thumbnails',
  render: 'Rendering',
  audit: 'Checking masks and mutes',
  compare: 'Comparing with the recording',
  sign: 'Signing',
  verify: 'Verifying',
};

const kinds: Record<Job['kind'], string> = {
  prepare: 'Preparing the recording',
  scan: 'Finding faces, plates and screens',
  thumbnails: 'Creating thumbnails',
  follow: 'Following an object',
  preview: 'Rendering a preview',
  clip: 'Rendering a clip of the whole recording',
  render: 'Rendering',
  verify: 'Verifying',
  audit: 'Verifying a release',
  package: 'Making the package',
};

export function jobText(job: Job): string {
  if (job.state === 'queued') return `${kinds[job.kind]}: waiting`;
  if (job.kind === 'package') return kinds.package;
  const phase = job.phase === null ? undefined : phases[job.phase];
  return phase ?? kinds[job.kind];
}

/** The display name of a track. */
export const trackName = (track: { id: number; class: Class }): string =>
  `${classText[track.class]} ${track.id}`;

export function dueText(daysLeft: number, closed: boolean): string {
  if (closed) return '';
  if (daysLeft < 0) return `${many(-daysLeft, 'day')} overdue`;
  if (daysLeft === 0) return 'due today';
  return `${many(daysLeft, 'day')} left`;
}
