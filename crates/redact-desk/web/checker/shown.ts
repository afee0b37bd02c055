// Hands the worker frames as this browser shows them, where it hands over no decoded pictures: a
// hidden player goes to one frame after the other. Only a page has a player.
import { isShown } from './frame-request';
import type { FrameAnswer, FrameRequest } from './protocol';

/** Milliseconds until a frame is on the screen after the player has gone to it. */
const SHOWN_WITHIN = 2_000;

/** Milliseconds that the player may take to go to a frame, decoding from the key frame before. */
const FOUND_WITHIN = 60_000;

/** Codes of `MediaError`. */
const DECODE_FAILED = 3;

const isVisible = (): Promise<void> =>
  new Promise((done) => {
    if (!document.hidden) return done();
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      done();
    };
    document.addEventListener('visibilitychange', look);
  });

/** Colors that a page draws must be those that it reads: some browsers change them for privacy. */
function readsTrue(): boolean {
  const side = 16;
  const drawn = new ImageData(side, side);
  for (let at = 0; at < drawn.data.length; at += 1) {
    drawn.data[at] = at % 4 === 3 ? 255 : (at * 37) % 256;
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [side, side];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context?.putImageData(drawn, 0, 0);
  const read = context?.getImageData(0, 0, side, side).data;
  return drawn.data.every((level, at) => level === read?.[at]);
}

/** The player of one release. */
class FramePlayer {
  readonly #video = document.createElement('video');
  readonly #canvas = document.createElement('canvas');
  readonly #context = this.#canvas.getContext('2d', { willReadFrequently: true });

  constructor(address: string) {
    this.#video.muted = true;
    this.#video.preload = 'auto';
    this.#video.src = address;
  }

  /** Waits for the first picture; returns why there is none, or nothing. */
  async open(): Promise<string> {
    if (!('requestVideoFrameCallback' in this.#video)) {
      return 'this browser does not say which frame it shows';
    }
    if (!readsTrue()) return 'this browser alters the pictures that a page reads';
    const isOpen = await new Promise<boolean>((done) => {
      this.#video.onloadeddata = () => done(true);
      this.#video.onerror = () => done(false);
    });
    if (!isOpen) return 'this browser cannot play the recording';
    [this.#canvas.width, this.#canvas.height] = [this.#video.videoWidth, this.#video.videoHeight];
    return '';
  }

  async show(request: FrameRequest): Promise<FrameAnswer> {
    await isVisible();
    const video = this.#video;
    return new Promise((done) => {
      let waiting: ReturnType<typeof setTimeout> | undefined;
      let callback = 0;
      const finish = (answer: FrameAnswer): void => {
        clearTimeout(waiting);
        video.cancelVideoFrameCallback(callback);
        done(answer);
      };
      const wait = (milliseconds: number): void => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          // A page that nobody sees is not painted: the frame comes when somebody looks.
          if (document.hidden) void isVisible().then(() => wait(milliseconds));
          else finish({ kind: 'missing' });
        }, milliseconds);
      };
      const look: VideoFrameRequestCallback = (_, { mediaTime }) => {
        if (isShown(request, mediaTime)) finish(this.#read());
        else callback = video.requestVideoFrameCallback(look);
      };
      callback = video.requestVideoFrameCallback(look);
      video.onseeked = () => wait(SHOWN_WITHIN);
      video.onerror = () => {
        const why = video.error?.message ?? '';
        const kind = video.error?.code === DECODE_FAILED ? 'broken' : 'impossible';
        finish({ kind, why: `the browser's player stopped: ${why}` });
      };
      wait(FOUND_WITHIN);
      video.currentTime = request.at;
    });
  }

  #read(): FrameAnswer {
    const { width, height } = this.#canvas;
    this.#context?.drawImage(this.#video, 0, 0);
    const pixels = this.#context?.getImageData(0, 0, width, height).data;
    if (pixels === undefined) {
      return { kind: 'impossible', why: 'this browser lets no page read a picture' };
    }
    return { kind: 'frame', width, height, pixels: pixels };
  }

  close(): void {
    this.#video.onerror = null;
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}

/** Answers the worker's requests for frames; returns what ends it. */
export function serveFrames(port: MessagePort): () => void {
  let player: FramePlayer | null = null;
  let address = '';
  let problem = '';
  const close = (): void => {
    player?.close();
    URL.revokeObjectURL(address);
  };
  const answer = async (request: FrameRequest): Promise<FrameAnswer> => {
    if (request.video !== undefined) {
      close();
      address = URL.createObjectURL(request.video);
      player = new FramePlayer(address);
      problem = await player.open();
    }
    if (player === null || problem !== '') return { kind: 'impossible', why: problem };
    return player.show(request);
  };
  port.onmessage = ({ data }: MessageEvent<FrameRequest>) => {
    void answer(data).then((frame) =>
      port.postMessage(frame, frame.kind === 'frame' ? [frame.pixels.buffer] : []),
    );
  };
  return () => {
    port.close();
    close();
  };
}
