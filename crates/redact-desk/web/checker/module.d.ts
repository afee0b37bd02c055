// The JavaScript side of redact-checker, which scripts/checker writes, and what workers have beside
// it.
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

declare module 'redact-checker-module' {
  export interface PageFile {
    readonly length: number;
    read(at: number, bytes: number): Uint8Array;
  }

  export class PageChecker {
    add_key(name: string, bytes: Uint8Array): void;
    set_manifest(bytes: Uint8Array, signature: Uint8Array): void;
    set_sealed(bytes: Uint8Array, signature: Uint8Array): void;
    add_manifest(bytes: Uint8Array, signature: Uint8Array): void;
    set_captions(bytes: Uint8Array): void;
    note_stamp(): void;
    check(release: PageFile): string;
    check_folder(paths: string[], files: PageFile[]): string;
    check_container(file: PageFile): string;
    package(): string;
    next_release(): string | undefined;
    end_release(): string;
    package_verdict(): string;
    manifest(): string;
    list_tracks(release: PageFile): string;
    samples(track: number): Float64Array;
    begin_audit(): void;
    take_picture(
      width: number,
      height: number,
      isFullRange: boolean,
      isNv12: boolean,
      planes: Uint32Array,
      samples: Uint8Array,
    ): void;
    begin_shown(inFile: number): Uint32Array;
    note_decoded(frames: number): void;
    take_shown(frame: number, width: number, height: number, pixels: Uint8Array): void;
    take_sound(track: number, before: number, channels: number, samples: Float32Array): void;
    finish_audit(noSound: string | undefined): string;
    fail_audit(what: string): string;
    skip_audit(why: string): string;
  }

  export function initSync(options: { module: Uint8Array<ArrayBuffer> }): unknown;
}
