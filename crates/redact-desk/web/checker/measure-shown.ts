// Measures fills in the frames that the page's player shows, one by one: for browsers that hand
// over no decoded pictures.
import type { PageChecker } from 'redact-checker-module';
import { CannotMeasure } from './cannot-measure';
import { requestOf } from './frame-request';
import type { FrameAnswer, FrameRequest } from './protocol';

/** Frames in succession that may be missing before the rest are not asked for. */
const MISSING_MAX = 10;

/** The page at the other end of a port, which has a player. */
export class ShownFrames {
  readonly #port: MessagePort;
  /** The recording, until the page has it. */
  #video: Blob | null;

  constructor(port: MessagePort, video: Blob) {
    this.#port = port;
    this.#video = video;
  }

  ask(request: FrameRequest): Promise<FrameAnswer> {
    return new Promise((done) => {
      this.#port.onmessage = ({ data }: MessageEvent<FrameAnswer>) => done(data);
      this.#port.postMessage(this.#video === null ? request : { ...request, video: this.#video });
      this.#video = null;
    });
  }
}

/**
 * Measures the fills of all frames that have some. `times` are those of all frames, in seconds and
 * ascending; `size` is that of the coded pictures. Throws `CannotMeasure` if none can be measured.
 */
export async function measureShown(
  checker: Pick<PageChecker, 'begin_shown' | 'take_shown'>,
  times: Float64Array,
  size: [number, number],
  frames: Pick<ShownFrames, 'ask'>,
  onFrame: (done: number, total: number) => void,
): Promise<void> {
  const due = checker.begin_shown(times.length);
  let [measured, missing] = [0, 0];
  for (const [at, frame] of due.entries()) {
    if (missing > MISSING_MAX) break;
    const request = requestOf(times, frame);
    const answer: FrameAnswer = request === null ? { kind: 'missing' } : await frames.ask(request);
    if (answer.kind === 'impossible') throw new CannotMeasure(answer.why);
    if (answer.kind === 'broken') throw new Error(answer.why);
    if (answer.kind === 'missing') {
      missing += 1;
      continue;
    }
    const { width, height, pixels } = answer;
    if (width !== size[0] || height !== size[1]) {
      throw new CannotMeasure(
        `this browser shows pictures of ${size.join('x')} pixels at ${width}x${height}`,
      );
    }
    checker.take_shown(frame, width, height, new Uint8Array(pixels.buffer));
    [measured, missing] = [measured + 1, 0];
    onFrame(at + 1, due.length);
  }
  if (measured === 0 && due.length > 0) {
    throw new CannotMeasure('this browser shows no frame of the recording');
  }
}
