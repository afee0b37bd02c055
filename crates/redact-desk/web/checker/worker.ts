// Checks one release off the page's own thread: the Rust code reads the file in slices, without
// waiting, which only a worker may.
import { initSync, PageChecker } from 'redact-checker-module';
import { CannotMeasure, frameTimes, measure, type TrackInfo } from './measure';
import type { Answer, Manifest, SignedFile, Task, Verdict } from './protocol';
import { SlicedFile } from './slices';

/** A file is read for its digests, then for its pictures and its sound. */
const PASSES = 3;

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100;

const scope = self as unknown as {
  postMessage(answer: Answer): void;
  onmessage: ((event: MessageEvent<Task>) => void) | null;
};

let reported = 0;

function progress(what: string, done: number, total: number): void {
  const now = performance.now();
  if (now - reported < REPORT_EVERY) return;
  reported = now;
  scope.postMessage({ kind: 'progress', what, done: Math.min(done, total), total });
}

function bytesOf(file: Blob): Uint8Array {
  return new SlicedFile(file).read(0, file.size);
}

function pair(file: SignedFile): [Uint8Array, Uint8Array] {
  return [bytesOf(file.record), bytesOf(file.signature)];
}

function hand(checker: PageChecker, task: Task): void {
  for (const key of task.keys) checker.add_key(key.name, bytesOf(key.content));
  checker.set_manifest(...pair(task.manifest));
  if (task.sealed !== null) checker.set_sealed(...pair(task.sealed));
  for (const manifest of task.otherManifests) checker.add_manifest(...pair(manifest));
  if (task.hasStamp) checker.note_stamp();
}

async function run(task: Task): Promise<void> {
  initSync({ module: task.module });
  const checker = new PageChecker();
  hand(checker, task);
  let read = 0;
  const file = new SlicedFile(task.release, (bytes) => {
    read += bytes;
    progress('Reading the file', read, task.release.size * PASSES);
  });
  let verdict = JSON.parse(checker.check(file)) as Verdict;
  let manifest: Manifest | null = null;
  let times: Float64Array = new Float64Array();
  // Without a manifest that holds there is nothing to measure.
  const show = (isFinal: boolean): void =>
    scope.postMessage({ kind: 'verdict', verdict, manifest, times, isFinal });
  try {
    manifest = JSON.parse(checker.manifest()) as Manifest;
  } catch {
    show(true);
    return;
  }
  try {
    const tracks = JSON.parse(checker.list_tracks(file)) as TrackInfo[];
    times = frameTimes(checker, tracks);
    show(false);
    const hasMutes = manifest.mutes.length > 0;
    const noSound = await measure(checker, file, tracks, hasMutes, (done, total) =>
      progress('Measuring what is hidden', done, total),
    );
    verdict = JSON.parse(checker.finish_audit(noSound)) as Verdict;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const isOurs = error instanceof CannotMeasure;
    verdict = JSON.parse(isOurs ? checker.skip_audit(what) : checker.fail_audit(what)) as Verdict;
  }
  show(true);
}

scope.onmessage = ({ data }) => {
  run(data).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: 'failed', message });
  });
};
