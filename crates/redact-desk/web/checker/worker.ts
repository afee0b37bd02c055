// Checks one release or one package off the page's own thread: the Rust code reads files in slices,
// without waiting, which only a worker may.
import { initSync, PageChecker } from 'redact-checker-module';
import { checkPackage } from './package-check';
import type { Answer, SignedFile, Task } from './protocol';
import { checkRelease } from './release-check';
import { SlicedFile } from './slices';

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

async function run({ module, keys, work, frames }: Task): Promise<void> {
  initSync({ module });
  const checker = new PageChecker();
  for (const key of keys) checker.add_key(key.name, bytesOf(key.content));
  if (work.kind === 'package') {
    await checkPackage(checker, work.content, frames, progress, (answer) =>
      scope.postMessage(answer),
    );
    return;
  }
  checker.set_manifest(...pair(work.manifest));
  if (work.sealed !== null) checker.set_sealed(...pair(work.sealed));
  for (const manifest of work.otherManifests) checker.add_manifest(...pair(manifest));
  if (work.captions !== null) checker.set_captions(bytesOf(work.captions));
  if (work.hasStamp) checker.note_stamp();
  await checkRelease(checker, work.release, frames, progress, (state) =>
    scope.postMessage({ kind: 'release', place: null, video: work.release, ...state }),
  );
}

scope.onmessage = ({ data }) => {
  run(data).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: 'failed', message });
  });
};
