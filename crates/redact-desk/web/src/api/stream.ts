// Change notifications from the server. A page subscribes and reloads what it displays.
import type { Change } from './types';

type Listener = (change: Change | 'reconnected') => void;

const listeners = new Set<Listener>();
let source: EventSource | null = null;
let wasLost = false;
/** The review that this page has open, of which others are notified. */
let review: string | null = null;

/** Calls `act` for every change until the returned function is called. */
export function changes(act: Listener): () => void {
  listeners.add(act);
  open();
  return () => {
    listeners.delete(act);
    if (listeners.size === 0) close();
  };
}

/** Says which review this page has open, or that it has none. */
export function announce(opened: string | null): void {
  if (review === opened) return;
  review = opened;
  if (source === null) return;
  close();
  open();
}

function open(): void {
  if (source !== null) return;
  source = new EventSource(review === null ? '/api/stream' : `/api/stream?review=${review}`);
  source.addEventListener('open', () => {
    if (wasLost) tell('reconnected');
    wasLost = false;
  });
  source.addEventListener('change', (event: MessageEvent<string>) => {
    tell(JSON.parse(event.data) as Change);
  });
  source.addEventListener('end', close);
  source.addEventListener('error', () => {
    wasLost = true;
    // The browser reconnects by itself unless the response was an error.
    if (source?.readyState === EventSource.CLOSED) {
      close();
      setTimeout(() => listeners.size > 0 && open(), 3000);
    }
  });
}

function close(): void {
  source?.close();
  source = null;
}

function tell(change: Change | 'reconnected'): void {
  for (const listener of [...listeners]) listener(change);
}
