// Checks one release: every byte of it, then what is hidden in its pictures and its sound.
import type { PageChecker } from 'redact-checker-module';
import { CannotMeasure } from './cannot-measure';
import { listTimes, measure, type TrackInfo } from './measure';
import { ShownFrames } from './measure-shown';
import type { Manifest, ReleaseState, Verdict } from './protocol';
import { SlicedFile } from './slices';

/** A file is read for its digests, then for its pictures and its sound. */
const PASSES = 3;

/** Receives what is done, and how much of it. */
export type Progress = (what: string, done: number, total: number) => void;

/** Checks a release by itself, whose records the checker has. */
export async function checkRelease(
  checker: PageChecker,
  release: Blob,
  frames: MessagePort,
  progress: Progress,
  show: (state: ReleaseState) => void,
): Promise<void> {
  let read = 0;
  const file = new SlicedFile(release, (bytes) => {
    read += bytes;
    progress('Reading the file', read, release.size * PASSES);
  });
  const verdict = JSON.parse(checker.check(file)) as Verdict;
  const what = 'Measuring what is hidden';
  await measureRelease(checker, file, frames, verdict, what, progress, show);
}

/** Measures the release that the checker has checked; `what` names the work. */
export async function measureRelease(
  checker: PageChecker,
  file: SlicedFile,
  frames: MessagePort,
  verdict: Verdict,
  what: string,
  progress: Progress,
  show: (state: ReleaseState) => void,
): Promise<void> {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(checker.manifest()) as Manifest;
  } catch {
    // Without a manifest that holds there is nothing to measure.
    const times = new Float64Array();
    show({ verdict, manifest: null, times, framesMeasured: 0, isFinal: true });
    return;
  }
  let times: Float64Array = new Float64Array();
  let framesMeasured = 0;
  try {
    const tracks = JSON.parse(checker.list_tracks(file)) as TrackInfo[];
    times = listTimes(checker, tracks);
    show({ verdict, manifest, times, framesMeasured, isFinal: false });
    const hasMutes = manifest.mutes.length > 0;
    const shown = new ShownFrames(frames, file.blob);
    const noSound = await measure(checker, file, tracks, hasMutes, shown, (done, all) => {
      framesMeasured = done;
      progress(what, done, all);
    });
    verdict = JSON.parse(checker.finish_audit(noSound)) as Verdict;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isOurs = error instanceof CannotMeasure;
    verdict = JSON.parse(isOurs ? checker.skip_audit(why) : checker.fail_audit(why)) as Verdict;
    framesMeasured = 0;
  }
  show({ verdict, manifest, times, framesMeasured, isFinal: true });
}
