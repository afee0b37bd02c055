// Runs the check of one release or one package in a worker of its own.
import type { Parts } from './parts';
import { type Answer, isLast, type KeyFile, type Task } from './protocol';
import { serveFrames } from './shown';

/** One check after the other: each uses a decoder and a core. */
let last: Promise<void> = Promise.resolve();

/** Checks `work` when its turn comes; returns what ends it early. Each answer goes to `take`. */
export function startCheck(
  parts: Parts,
  work: Task['work'],
  keys: KeyFile[],
  take: (answer: Answer) => void,
): () => void {
  const task = { module: parts.module, keys, work };
  const stopped = new AbortController();
  const before = last;
  last = before.then(() => (stopped.signal.aborted ? undefined : run(parts, task, take, stopped)));
  return () => stopped.abort();
}

/** Ends with the last answer, or when it is stopped. */
function run(
  parts: Parts,
  task: Omit<Task, 'frames'>,
  take: (answer: Answer) => void,
  stopped: AbortController,
): Promise<void> {
  const address = URL.createObjectURL(new Blob([parts.worker], { type: 'text/javascript' }));
  const worker = new Worker(address);
  const { port1, port2 } = new MessageChannel();
  const stopFrames = serveFrames(port1);
  return new Promise<void>((done) => {
    stopped.signal.addEventListener('abort', () => {
      worker.terminate();
      stopFrames();
      URL.revokeObjectURL(address);
      done();
    });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      take(data);
      if (isLast(data)) stopped.abort();
    };
    worker.onerror = (event) => {
      take({ kind: 'failed', message: event.message || 'the browser stopped the check' });
      stopped.abort();
    };
    worker.postMessage({ ...task, frames: port2 } satisfies Task, [port2]);
  });
}
