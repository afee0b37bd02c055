// Uploads a file in pieces, and resumes after a lost connection or a restart.
import { ApiError, call, get, post } from './client';
import type { ReadOptions, Upload } from './types';

export interface UploadProgress {
  sent: number;
  total: number;
  waiting: boolean;
}

const PAUSE_MS_MAX = 8000;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** An unfinished upload of the same file. */
export async function unfinished(file: File, request: string): Promise<Upload | null> {
  const uploads = await get<Upload[]>('/uploads');
  return (
    uploads.find((u) => u.name === file.name && u.bytes === file.size && u.request === request) ??
    null
  );
}

/** Sends the missing pieces, and retries while the server is unreachable. */
export async function send(
  file: File,
  start: Upload,
  tell: (progress: UploadProgress) => void,
  stop: AbortSignal,
): Promise<Upload> {
  let upload = start;
  let wait = 500;
  while (upload.offset < file.size) {
    stop.throwIfAborted();
    tell({ sent: upload.offset, total: file.size, waiting: false });
    const piece = file.slice(upload.offset, upload.offset + upload.piece_bytes_max);
    try {
      upload = await call<Upload>('PUT', `/uploads/${upload.id}?offset=${upload.offset}`, piece);
      wait = 500;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 'wrong_offset' && isUpload(error.details)) {
        upload = error.details;
        continue;
      }
      if (!error.passing) throw error;
      tell({ sent: upload.offset, total: file.size, waiting: true });
      await pause(wait);
      wait = Math.min(wait * 2, PAUSE_MS_MAX);
      upload = await get<Upload>(`/uploads/${upload.id}`).catch(() => upload);
    }
  }
  tell({ sent: file.size, total: file.size, waiting: false });
  return upload;
}

/** Finishes an upload, and retries while the server is unreachable. */
export const finish = <T>(upload: Upload, options?: ReadOptions): Promise<T> =>
  patiently(() =>
    post<T>(`/uploads/${upload.id}/finish`, options === undefined ? {} : { options }),
  );

/** Retries a request while the server is unreachable. */
export async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let wait = 500; ; wait = Math.min(wait * 2, PAUSE_MS_MAX)) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ApiError && error.passing)) throw error;
      await pause(wait);
    }
  }
}

function isUpload(value: unknown): value is Upload {
  return typeof value === 'object' && value !== null && 'offset' in value && 'id' in value;
}
