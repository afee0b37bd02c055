// Runs the check of one release in a worker of its own.
import type { Case } from './files';
import type { Parts } from './parts';
import type { Answer, KeyFile, Task } from './protocol';

/** One release after the other: each check uses a decoder and a core. */
let last: Promise<void> = Promise.resolve();

/** Checks a release when its turn comes; returns what ends it early. Each answer goes to `take`. */
export function startCheck(
  parts: Parts,
  chosen: Case,
  keys: KeyFile[],
  take: (answer: Answer) => void,
): () => void {
  const { manifest } = chosen;
  if (manifest === null) {
    take({ kind: 'failed', message: chosen.missing });
    return () => undefined;
  }
  const { release, sealed, otherManifests, hasStamp } = chosen;
  const { module } = parts;
  const task: Task = { module, release, manifest, sealed, otherManifests, hasStamp, keys };
  const stopped = new AbortController();
  const before = last;
  last = before.then(() => (stopped.signal.aborted ? undefined : run(parts, task, take, stopped)));
  return () => stopped.abort();
}

/** Ends with the last answer, or when it is stopped. */
function run(
  parts: Parts,
  task: Task,
  take: (answer: Answer) => void,
  stopped: AbortController,
): Promise<void> {
  const address = URL.createObjectURL(new Blob([parts.worker], { type: 'text/javascript' }));
  const worker = new Worker(address);
  return new Promise<void>((done) => {
    stopped.signal.addEventListener('abort', () => {
      worker.terminate();
      URL.revokeObjectURL(address);
      done();
    });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      take(data);
      const isLast = data.kind === 'failed' || (data.kind === 'verdict' && data.isFinal);
      if (isLast) stopped.abort();
    };
    worker.onerror = (event) => {
      take({ kind: 'failed', message: event.message || 'the browser stopped the check' });
      stopped.abort();
    };
    worker.postMessage(task);
  });
}
