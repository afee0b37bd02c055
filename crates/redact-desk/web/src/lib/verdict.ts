// What a failed check means, in a sentence for a person.
import type { Check } from '../api/types';
import { sentence } from './format';

const MEANING: Record<string, string> = {
  'extra-video-streams': 'The file has another video stream, which nobody reviewed.',
  'audio-tracks': 'The file has sound that it should not have.',
  'timed-text': 'The file has subtitles or captions that nobody reviewed.',
  'sei-user-data': 'The video stream has embedded data (SEI), such as captions or camera data.',
  'encoder-sei': 'The video stream reveals the encoder settings.',
  'container-tags': 'The file has metadata tags, such as a title, a date or a location.',
  chapters: 'The file has chapters.',
  'data-tracks': 'The file has a data stream, such as positions of the camera.',
  attachments: 'The file has attachments.',
  'edit-lists': 'The file has an edit list: players skip parts that are still in the file.',
  'leftover-bytes': 'The file has leftover bytes that belong to no stream.',
  masks: 'Something that should be hidden is not fully hidden.',
  mutes: 'Something that should be muted can be heard.',
  digest: 'The file is not the one that was signed: it was changed or damaged.',
  'public manifest': 'The signature of the manifest is not valid.',
  'sealed manifest': 'The signature of the sealed manifest is not valid.',
  'second look': 'Detectors found something in the finished file that should be hidden.',
  'declared changes': 'The picture differs from the recording where nothing was hidden.',
  'cropped edges': 'The edges of the picture show what was cropped.',
  'damaged stretches': 'A damaged part of the recording is not hidden.',
};

/** A failed check for a person; the details have its evidence. */
export function checkText(check: Check): string {
  const known = MEANING[check.name.toLowerCase()];
  return known ?? sentence(`The check “${check.name}” failed: ${check.evidence}`);
}
