// Runs the check of one release in a worker of its own.
import type { Case } from './files';
import type { Parts } from './parts';
import type { Answer, KeyFile, Task } from './protocol';

/** Starts the check; returns what ends it early. Each answer goes to `take`. */
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
  const address = URL.createObjectURL(new Blob([parts.worker], { type: 'text/javascript' }));
  const worker = new Worker(address);
  const end = (): void => {
    worker.terminate();
    URL.revokeObjectURL(address);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    take(data);
    if (data.kind === 'failed' || (data.kind === 'verdict' && data.isFinal)) end();
  };
  worker.onerror = (event) => {
    take({ kind: 'failed', message: event.message || 'the browser stopped the check' });
    end();
  };
  const { release, sealed, otherManifests, hasStamp } = chosen;
  const { module } = parts;
  const task: Task = { module, release, manifest, sealed, otherManifests, hasStamp, keys };
  worker.postMessage(task);
  return end;
}
