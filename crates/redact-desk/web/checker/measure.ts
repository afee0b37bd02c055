// Decodes a release with the browser's own decoders, picture by picture, and measures each: masks
// and mutes are judged by the code of `redact verify`.
import type { PageChecker } from 'redact-checker-module';
import { CannotMeasure } from './cannot-measure';
import { FrameMeter } from './frame-meter';
import { measureShown, type ShownFrames } from './measure-shown';
import { SampleReader, type SlicedFile } from './slices';

/** Coded samples that wait in a decoder, and decoded ones that wait to be measured, at most. */
const QUEUED = 12;

const NO_WEBCODECS = 'this browser hands over nothing that it decodes (it has no WebCodecs)';

/** Samples per channel in a packet of AAC-LC. */
const SAMPLES_PER_PACKET = 1024;

export type TrackInfo =
  | { kind: 'avc'; record: number[]; size: [number, number] }
  | { kind: 'aac'; config: number[]; rate_hz: number; channels: number };

/** A coded sample: place and length in the file, time of presentation in microseconds. */
interface Sample {
  offset: number;
  bytes: number;
  micros: number;
  isKey: boolean;
}

function samplesOf(checker: PageChecker, track: number): Sample[] {
  const numbers = checker.samples(track);
  return Array.from({ length: numbers.length / 4 }, (_, at) => {
    const [offset = 0, bytes = 0, micros = 0, key = 0] = numbers.subarray(at * 4, at * 4 + 4);
    return { offset, bytes, micros, isKey: key === 1 };
  });
}

const frameTimes = (samples: Sample[]): Float64Array =>
  Float64Array.from(samples, (sample) => sample.micros / 1e6).sort();

/** When each frame is shown, seconds from the start of the movie, ascending. */
export function listTimes(checker: PageChecker, tracks: TrackInfo[]): Float64Array {
  const video = tracks.findIndex((track) => track.kind === 'avc');
  return frameTimes(video < 0 ? [] : samplesOf(checker, video));
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
  if (!('VideoDecoder' in self)) throw new CannotMeasure(NO_WEBCODECS);
  const config = await videoConfig(record);
  const decoded = new Decoded<VideoFrame>();
  const decoder = new VideoDecoder({ output: decoded.output, error: decoded.error });
  decoder.configure(config);
  const meter = new FrameMeter(checker, samples.length);
  const take = async (frame: VideoFrame): Promise<void> => {
    await meter.take(frame);
    onFrame(meter.done, samples.length);
  };
  const feed = (sample: Sample): void => {
    const data = reader.read(sample.offset, sample.bytes);
    const type = sample.isKey ? 'key' : 'delta';
    decoder.decode(new EncodedVideoChunk({ type, timestamp: sample.micros, data }));
  };
  await decodeAll(samples, decoder, decoded, feed, take);
  meter.finish();
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
  if (!('AudioDecoder' in self)) throw new CannotMeasure(NO_WEBCODECS);
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

/** Measures masks in decoded pictures or, where the browser hands over none, in those it plays. */
async function masks(
  checker: PageChecker,
  track: TrackInfo & { kind: 'avc' },
  samples: Sample[],
  file: SlicedFile,
  shown: ShownFrames,
  onFrame: (done: number, total: number) => void,
): Promise<void> {
  checker.begin_audit();
  try {
    await pictures(checker, track.record, samples, new SampleReader(file), onFrame);
  } catch (error) {
    if (!(error instanceof CannotMeasure)) throw error;
    // Without what was measured before the browser gave up.
    checker.begin_audit();
    await measureShown(checker, frameTimes(samples), track.size, shown, onFrame).catch(
      (second: unknown) => {
        if (!(second instanceof CannotMeasure)) throw second;
        throw new CannotMeasure(`${error.message}; ${second.message}`);
      },
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
  shown: ShownFrames,
  onFrame: (done: number, total: number) => void,
): Promise<string | undefined> {
  const video = tracks.findIndex((track) => track.kind === 'avc');
  const pictures = tracks[video];
  if (pictures?.kind !== 'avc') throw new Error('there are no pictures in the file');
  await masks(checker, pictures, samplesOf(checker, video), file, shown, onFrame);
  let noSound: string | undefined;
  for (const [at, track] of tracks.entries()) {
    if (track.kind !== 'aac' || !hasMutes) continue;
    try {
      await sound(checker, at, track, samplesOf(checker, at), new SampleReader(file));
    } catch (error) {
      if (!(error instanceof CannotMeasure)) throw error;
      noSound = error.message;
    }
  }
  return noSound;
}
