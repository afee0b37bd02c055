// Which frames of a player are measured: the ones asked for, and no others.
import { describe, expect, it } from 'vitest';
import { CannotMeasure } from '../../checker/cannot-measure';
import { isShown, requestOf } from '../../checker/frame-request';
import { measureShown } from '../../checker/measure-shown';
import type { FrameAnswer, FrameRequest } from '../../checker/protocol';

const TIMES = Float64Array.from({ length: 30 }, (_, at) => at / 30);
const SIZE: [number, number] = [2, 2];

const frame = (width = 2): FrameAnswer => ({
  kind: 'frame',
  width,
  height: 2,
  pixels: new Uint8ClampedArray(width * 8),
});

/** Measures frames that all have a fill; `answer` is what the page says. Returns the measured. */
async function measured(
  answer: (request: FrameRequest) => FrameAnswer,
  times = TIMES,
): Promise<{ taken: number[]; asked: number }> {
  const taken: number[] = [];
  let asked = 0;
  const checker = {
    begin_shown: (inFile: number) => Uint32Array.from({ length: inFile }, (_, at) => at),
    take_shown: (at: number) => void taken.push(at),
  };
  const ask = (request: FrameRequest): Promise<FrameAnswer> => {
    asked += 1;
    return Promise.resolve(answer(request));
  };
  await measureShown(checker, times, SIZE, { ask }, () => undefined);
  return { taken, asked };
}

describe('frames of a player', () => {
  it('are the ones asked for only at their own time', () => {
    const request = requestOf(TIMES, 10);
    if (request === null) throw new Error('no request');
    for (const [time, shown] of [
      [10 / 30, true],
      [request.at, true],
      [9 / 30, false],
      [11 / 30, false],
      [10 / 30 - 0.01, false],
    ] as const) {
      expect([time, isShown(request, time)]).toEqual([time, shown]);
    }
  });

  it('are not asked for where two have one time', async () => {
    const times = Float64Array.from([0, 1, 1, 2]);
    expect(times.map((_, at) => (requestOf(times, at) === null ? 0 : 1))).toEqual(
      Float64Array.from([1, 0, 0, 1]),
    );
    expect(requestOf(times, 4)).toBeNull();
    expect((await measured(() => frame(), times)).taken).toEqual([0, 3]);
  });

  it('are measured one by one, without those that are missing', async () => {
    const isMissing = ({ from }: FrameRequest): boolean => from === 7 / 30;
    const { taken } = await measured((r) => (isMissing(r) ? { kind: 'missing' } : frame()));
    expect(taken).toEqual([...TIMES.keys()].filter((at) => at !== 7));
  });

  it('are given up where none comes, and the release is not called wrong', async () => {
    let asked = 0;
    const none = measured(() => ((asked += 1), { kind: 'missing' }));
    await expect(none).rejects.toThrow(CannotMeasure);
    expect(asked).toBeLessThan(TIMES.length);
    await expect(measured(() => frame(4))).rejects.toThrow('2x2 pixels at 4x2');
    const impossible = measured(() => ({ kind: 'impossible', why: 'no player' }));
    await expect(impossible).rejects.toThrow(new CannotMeasure('no player'));
    // A player that cannot decode the recording has found something wrong with it.
    const broken = measured(() => ({ kind: 'broken', why: 'bad data' }));
    await expect(broken).rejects.not.toBeInstanceOf(CannotMeasure);
  });
});
