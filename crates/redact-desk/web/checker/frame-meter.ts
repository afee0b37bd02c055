// Measures the pictures that a browser's decoder hands over: as they are coded where it can, else as
// a screen shows them.
import type { PageChecker } from 'redact-checker-module';
import { CannotMeasure } from './cannot-measure';

/** Measures decoded pictures, in the order in which they are presented. */
export class FrameMeter {
  done = 0;
  readonly #checker: PageChecker;
  readonly #total: number;
  #buffer = new Uint8Array();
  /** Frames that have a fill, where the browser hands over colors and not what is coded. */
  #due: Set<number> | null = null;

  constructor(checker: PageChecker, total: number) {
    this.#checker = checker;
    this.#total = total;
  }

  async take(frame: VideoFrame): Promise<void> {
    const isCoded = frame.format === 'I420' || frame.format === 'NV12';
    if (this.done > 0 && isCoded !== (this.#due === null)) {
      throw new CannotMeasure('this browser hands over some pictures in one way, some in another');
    }
    if (isCoded) await this.#takeCoded(frame);
    else await this.#takeColors(frame);
    this.done += 1;
  }

  /** Says how many frames there were, where that is not counted. */
  finish(): void {
    if (this.#due !== null) this.#checker.note_decoded(this.done);
  }

  async #takeCoded(frame: VideoFrame): Promise<void> {
    const layout = await this.#copy(frame);
    const planes = Uint32Array.from(layout.flatMap((plane) => [plane.offset, plane.stride]));
    const isFull = frame.colorSpace.fullRange === true;
    const isNv12 = frame.format === 'NV12';
    const [width, height] = sizeOf(frame);
    this.#checker.take_picture(width, height, isFull, isNv12, planes, this.#buffer);
  }

  async #takeColors(frame: VideoFrame): Promise<void> {
    this.#due ??= new Set(this.#checker.begin_shown(this.#total));
    if (!this.#due.has(this.done)) return;
    const [width, height] = sizeOf(frame);
    const [layout] = await this.#copy(frame, { format: 'RGBA' }).catch((error: unknown) => {
      throw new CannotMeasure(`this browser hands over no pictures: ${String(error)}`);
    });
    if (layout?.offset !== 0 || layout.stride !== width * 4) {
      throw new CannotMeasure('this browser hands over pictures with gaps');
    }
    this.#checker.take_shown(this.done, width, height, this.#buffer);
  }

  async #copy(frame: VideoFrame, options?: { format: 'RGBA' }): Promise<PlaneLayout[]> {
    const size = frame.allocationSize(options);
    if (this.#buffer.length !== size) this.#buffer = new Uint8Array(size);
    return frame.copyTo(this.#buffer, options);
  }
}

function sizeOf(frame: VideoFrame): [width: number, height: number] {
  const { visibleRect } = frame;
  if (visibleRect === null) throw new CannotMeasure('this browser hands over no pictures');
  return [visibleRect.width, visibleRect.height];
}
