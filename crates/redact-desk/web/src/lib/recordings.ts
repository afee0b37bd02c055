// What can be said about a file before it is uploaded.

/** Endings of files that are no recordings, with what they are. */
const OTHER: Record<string, string> = {
  zip: 'an archive',
  rar: 'an archive',
  '7z': 'an archive',
  gz: 'an archive',
  tar: 'an archive',
  iso: 'a disc image',
  pdf: 'a document',
  doc: 'a document',
  docx: 'a document',
  txt: 'a text file',
  csv: 'a spreadsheet',
  xls: 'a spreadsheet',
  xlsx: 'a spreadsheet',
  jpg: 'a picture',
  jpeg: 'a picture',
  png: 'a picture',
  heic: 'a picture',
  exe: 'a program',
  json: 'a data file',
  xml: 'a data file',
  html: 'a web page',
};

const ARCHIVES = ['zip', 'rar', '7z', 'gz', 'tar', 'iso'];

/** Why a file cannot be a recording, and what to do; `null` if it may be one. */
export function notARecording(file: { name: string; size: number }): string | null {
  if (file.size === 0) {
    return `${file.name} is empty. Export or copy the recording again.`;
  }
  const ending = file.name.toLowerCase().match(/\.([a-z0-9]+)$/)?.[1] ?? '';
  const kind = OTHER[ending];
  if (kind === undefined) return null;
  return ARCHIVES.includes(ending)
    ? `${file.name} is ${kind}. Unpack it and add the recordings in it.`
    : `${file.name} is ${kind}, not a recording. Add the video file.`;
}
