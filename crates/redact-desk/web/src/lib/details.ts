// Fields of case and evidence systems: their names on forms, in the order of the forms.
import type { RecordingDetails, RequestDetails } from '../api/types';

export const requestFields: [keyof RequestDetails, string][] = [
  ['case_number', 'Case number'],
  ['incident_number', 'Incident number'],
  ['incident_on', 'Incident date'],
  ['location', 'Location'],
  ['officer', 'Officer'],
  ['address', 'Requester’s address'],
  ['email', 'Requester’s email'],
  ['telephone', 'Requester’s phone'],
  ['written_basis', 'Written basis of the release'],
  ['consent_reference', 'Consent reference'],
];

export const recordingFields: [keyof RecordingDetails, string][] = [
  ['evidence_id', 'Evidence ID'],
  ['device_serial', 'Device serial number'],
  ['officer', 'Wearer of the camera'],
  ['location', 'Location'],
  ['recorded_start', 'Recording began'],
  ['recorded_end', 'Recording ended'],
  ['clock_basis', 'How the camera’s clock was set'],
  ['pre_event_seconds', 'Seconds without sound before the event'],
];

export const noRequestDetails = (): RequestDetails => ({
  case_number: '',
  incident_number: '',
  incident_on: '',
  location: '',
  officer: '',
  address: '',
  email: '',
  telephone: '',
  written_basis: '',
  consent_reference: '',
  policy: '',
});

/** The fields that have a value, with their names. */
export const knownDetails = <T>(
  fields: [keyof T, string][],
  details: T,
): { title: string; value: string; key: keyof T }[] =>
  fields
    .map(([key, title]) => ({ key, title, value: String(details[key] ?? '') }))
    .filter(({ value }) => value !== '');

/**
 * The text of a file: UTF-8 or UTF-16 where its first bytes say so, UTF-8 where it is valid, else
 * Windows-1252, which spreadsheet programs write in the United States.
 */
export function textOf(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
