// Decodes a release with the browser's own decoders, picture by picture, and measures each: masks
// and mutes are judged by the code of `redact verify`.
import type { PageChecker } from 'redact-checker-module';
import { SampleReader, type SlicedFile } from './slices';

/** Coded samples that wait in a decoder, and decoded ones that wait to be measured, at most. */
const QUEUED = 12;

/** Samples per channel in a packet of AAC-LC. */
const SAMPLES_PER_PACKET = 1024;

export type TrackInfo =
  | { kind: 'avc'; record: number[] }
  | { kind: 'aac'; config: number[]; rate_hz: number; channels: number };

/** A coded sample: place and length in the file, time of presentation in microseconds. */
interface Sample {
  offset: number;
  bytes: number;
  micros: number;
  isKey: boolean;
}

/** Why this browser cannot measure a release. */
export class CannotMeasure extends Error {}

function samplesOf(checker: PageChecker, track: number): Sample[] {
  const numbers = checker.samples(track);
  return Array.from({ length: numbers.length / 4 }, (_, at) => {
    const [offset = 0, bytes = 0, micros = 0, key = 0] = numbers.subarray(at * 4, at * 4 + 4);
    return { offset, bytes, micros, isKey: key === 1 };
  });
}

/** When each frame is shown, seconds from the start of the movie, ascending. */
export function frameTimes(checker: PageChecker, tracks: TrackInfo[]): Float64Array {
  const video = tracks.findIndex((track) => track.kind === 'avc');
  const times = video < 0 ? [] : samplesOf(checker, video).map((s) => s.micros / 1e6);
  return Float64Array.from(times).sort();
}

/** What a decoder hands over, taken one by one while it is fed. */
class Decoded<T extends { close(): void }> {
  readonly #waiting: T[] = [];
  #wake: () => void = () => undefined;
  #failure: Error | null = null;

  readonly output = (item: T): void => {
    this.#waiting.push(item);
    this.#wake();
  };

  readonly error = (error: DOMException): void => {
    this.#failure = new Error(`the browser's decoder stopped: ${error.message}`);
    this.#wake();
  };

  readonly notify = (): void => this.#wake();

  /** Takes everything that waits; then waits until `isReady`, taking what comes. */
  async drain(take: (item: T) => Promise<void> | void, isReady: () => boolean): Promise<void> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item !== undefined) {
        try {
          await take(item);
        } finally {
          item.close();
        }
        continue;
      }
      if (this.#failure !== null) throw this.#failure;
      if (isReady()) return;
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

/** The part of a decoder that pictures and sound have in common. */
interface Decoder {
  readonly decodeQueueSize: number;
  flush(): Promise<void>;
  close(): void;
  ondequeue: ((event: Event) => unknown) | null;
}

/** Feeds all samples and takes all that comes out, with bounded queues on both sides. */
async function decodeAll<T extends { close(): void }>(
  samples: Sample[],
  decoder: Decoder,
  decoded: Decoded<T>,
  feed: (sample: Sample) => void,
  take: (item: T) => Promise<void> | void,
): Promise<void> {
  decoder.ondequeue = decoded.notify;
  try {
    for (const sample of samples) {
      await decoded.drain(take, () => decoder.decodeQueueSize < QUEUED);
      feed(sample);
    }
    let isFlushed = false;
    const flushed = decoder.flush().then(() => {
      isFlushed = true;
      decoded.notify();
    });
    await decoded.drain(take, () => isFlushed);
    await flushed;
  } finally {
    decoder.close();
  }
}

async function pictures(
  checker: PageChecker,
  record: number[],
  samples: Sample[],
  reader: SampleReader,
  onFrame: (done: number, total: number) => void,
): Promise<void> {
  const config = await videoConfig(record);
  const decoded = new Decoded<VideoFrame>();
  const decoder = new VideoDecoder({ output: decoded.output, error: decoded.error });
  decoder.configure(config);
  let buffer = new Uint8Array();
  let done = 0;
  const take = async (frame: VideoFrame): Promise<void> => {
    const { format, visibleRect } = frame;
    if ((format !== 'I420' && format !== 'NV12') || visibleRect === null) {
      throw new CannotMeasure(`this browser hands over pictures as ${format ?? 'textures'}`);
    }
    const size = frame.allocationSize();
    if (buffer.length < size) buffer = new Uint8Array(size);
    const layout = await frame.copyTo(buffer);
    const planes = Uint32Array.from(layout.flatMap((plane) => [plane.offset, plane.stride]));
    const isFull = frame.colorSpace.fullRange === true;
    const { width, height } = visibleRect;
    checker.take_picture(
      width,
      height,
      isFull,
      format === 'NV12',
      planes,
      buffer.subarray(0, size),
    );
    done += 1;
    onFrame(done, samples.length);
  };
  const feed = (sample: Sample): void => {
    const data = reader.read(sample.offset, sample.bytes);
    const type = sample.isKey ? 'key' : 'delta';
    decoder.decode(new EncodedVideoChunk({ type, timestamp: sample.micros, data }));
  };
  await decodeAll(samples, decoder, decoded, feed, take);
}

/** A decoder in software is asked for first: what it decodes can be read. */
async function videoConfig(record: number[]): Promise<VideoDecoderConfig> {
  const digits = record.slice(1, 4).map((byte) => byte.toString(16).padStart(2, '0'));
  const description = Uint8Array.from(record);
  for (const hardwareAcceleration of ['prefer-software', 'no-preference'] as const) {
    const config = { codec: `avc1.${digits.join('')}`, description, hardwareAcceleration };
    if ((await VideoDecoder.isConfigSupported(config)).supported === true) return config;
  }
  throw new CannotMeasure('this browser has no decoder for H.264');
}

async function sound(
  checker: PageChecker,
  track: number,
  info: TrackInfo & { kind: 'aac' },
  samples: Sample[],
  reader: SampleReader,
): Promise<void> {
  const config = {
    codec: 'mp4a.40.2',
    sampleRate: info.rate_hz,
    numberOfChannels: info.channels,
    description: Uint8Array.from(info.config),
  };
  if ((await AudioDecoder.isConfigSupported(config)).supported !== true) {
    throw new CannotMeasure('this browser has no decoder for AAC');
  }
  const decoded = new Decoded<AudioData>();
  const decoder = new AudioDecoder({ output: decoded.output, error: decoded.error });
  decoder.configure(config);
  let before = 0;
  const take = (data: AudioData): void => {
    const [count, channels] = [data.numberOfFrames, data.numberOfChannels];
    if (data.sampleRate !== info.rate_hz) {
      throw new CannotMeasure(`this browser hands over sound at ${data.sampleRate} Hz`);
    }
    const woven = new Float32Array(count * channels);
    const plane = new Float32Array(count);
    for (let channel = 0; channel < channels; channel += 1) {
      data.copyTo(plane, { planeIndex: channel, format: 'f32-planar' });
      for (let at = 0; at < count; at += 1) woven[at * channels + channel] = plane[at] ?? NaN;
    }
    checker.take_sound(track, before, channels, woven);
    before += count;
  };
  const feed = (sample: Sample): void => {
    const data = reader.read(sample.offset, sample.bytes);
    decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: sample.micros, data }));
  };
  await decodeAll(samples, decoder, decoded, feed, take);
  if (before !== samples.length * SAMPLES_PER_PACKET) {
    throw new CannotMeasure(
      `this browser decoded ${before} of ${samples.length * SAMPLES_PER_PACKET} samples of sound`,
    );
  }
}

/**
 * Measures all masks, and the mutes if there are any; returns why sound was not decoded. Throws
 * `CannotMeasure` where this browser cannot measure at all.
 */
export async function measure(
  checker: PageChecker,
  file: SlicedFile,
  tracks: TrackInfo[],
  hasMutes: boolean,
  onFrame: (done: number, total: number) => void,
): Promise<string | undefined> {
  if (!('VideoDecoder' in self) || !('AudioDecoder' in self)) {
    throw new CannotMeasure('this browser hands over no decoded pictures (it has no WebCodecs)');
  }
  checker.begin_audit();
  let noSound: string | undefined;
  for (const [at, track] of tracks.entries()) {
    const samples = samplesOf(checker, at);
    const reader = new SampleReader(file);
    if (track.kind === 'avc') {
      await pictures(checker, track.record, samples, reader, onFrame);
    } else if (hasMutes) {
      try {
        await sound(checker, at, track, samples, reader);
      } catch (error) {
        if (!(error instanceof CannotMeasure)) throw error;
        noSound = error.message;
      }
    }
  }
  return noSound;
}
