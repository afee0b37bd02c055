// A file that the reader chose, read in slices without waiting: only a worker may.
import type { PageFile } from 'redact-checker-module';

/** Bytes of a slice that samples are cut from. */
const WINDOW = 1 << 20;

export class SlicedFile implements PageFile {
  readonly length: number;
  readonly blob: Blob;
  readonly #reader = new FileReaderSync();
  readonly #onRead: (bytes: number) => void;

  constructor(file: Blob, onRead: (bytes: number) => void = () => undefined) {
    this.blob = file;
    this.length = file.size;
    this.#onRead = onRead;
  }

  read(at: number, bytes: number): Uint8Array<ArrayBuffer> {
    const slice = this.#reader.readAsArrayBuffer(this.blob.slice(at, at + bytes));
    this.#onRead(slice.byteLength);
    return new Uint8Array(slice);
  }
}

/** Small neighboring parts of a file, cut from larger slices. */
export class SampleReader {
  #at = 0;
  #window = new Uint8Array();

  constructor(readonly file: SlicedFile) {}

  read(at: number, bytes: number): Uint8Array<ArrayBuffer> {
    let start = at - this.#at;
    if (start < 0 || start + bytes > this.#window.length) {
      const wanted = Math.max(WINDOW, bytes);
      this.#window = this.file.read(at, Math.min(wanted, this.file.length - at));
      this.#at = at;
      start = 0;
    }
    return this.#window.slice(start, start + bytes);
  }
}
