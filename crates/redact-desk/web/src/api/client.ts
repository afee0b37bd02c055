// Requests to the server in JSON, with one class of errors.
import type { ApiErrorBody } from './types';

/** A failed request. `status` is 0 if the server did not respond. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly field: string | null = null,
    readonly details: unknown = null,
  ) {
    super(message);
  }

  /** Whether a retry may succeed. */
  get passing(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 502;
  }
}

/** Called when the session has ended. */
let whenSignedOut: () => void = () => {};
export function onSignedOut(act: () => void): void {
  whenSignedOut = act;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Sends a request below `/api`. A `Blob` is sent as bytes, everything else as JSON. */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  let payload: BodyInit | null = null;
  if (body instanceof Blob) {
    headers['Content-Type'] = 'application/octet-stream';
    payload = body;
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, { method, headers, body: payload });
  } catch {
    throw new ApiError(
      0,
      'unreachable',
      'The release desk is not responding.',
      'Your changes stay in this window and are sent once it responds.',
    );
  }
  if (answer.ok) {
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  throw await errorOf(answer);
}

async function errorOf(answer: Response): Promise<ApiError> {
  let found: ApiErrorBody['error'] = {
    code: 'internal',
    message: `The release desk returned an error (${answer.status}).`,
  };
  try {
    found = ((await answer.json()) as ApiErrorBody).error;
  } catch {
    // Not from the desk, e.g. from a proxy: only the status is known.
  }
  if (found.code === 'signed_out') whenSignedOut();
  return new ApiError(
    answer.status,
    found.code,
    found.message,
    found.hint ?? null,
    found.field ?? null,
    found.details ?? null,
  );
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body: unknown = {}): Promise<T> =>
  call<T>('POST', path, body);

/** The binary response of a GET. */
export async function bytes(path: string): Promise<ArrayBuffer> {
  const answer = await fetch(`/api${path}`);
  if (!answer.ok) throw await errorOf(answer);
  return answer.arrayBuffer();
}

/** A query string without empty values. */
export function query(
  values: Record<string, string | number | boolean | null | undefined>,
): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) {
      search.set(key, String(value));
    }
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
