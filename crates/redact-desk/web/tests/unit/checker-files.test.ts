// Which files of a drop belong together, and where outlines lie.
import { describe, expect, it } from 'vitest';
import { keyFile, sortFiles } from '../../checker/files';
import { boxAt, frameAt } from '../../checker/outline';
import type { MaskItem } from '../../checker/protocol';

const MP4 = '\0\0\0\x18ftypisom';
const file = (name: string, content = ''): File => new File([content], name);
const record = (name: string, content = '{}'): File[] => [
  file(name, content),
  file(`${name}.minisig`),
];

describe('files', () => {
  it('go together by name, however many releases there are', async () => {
    const { cases, keys, unused } = await sortFiles([
      file('b.mp4', MP4),
      file('a.mp4', MP4),
      ...record('a.manifest.json'),
      ...record('b.manifest.json'),
      ...record('a.sealed.json'),
      file('b.manifest.json.tsr'),
      file('agency.pub'),
      file('a.log.html', '<html>'),
    ]);
    expect(cases.map((one) => one.release.name)).toEqual(['a.mp4', 'b.mp4']);
    expect((cases[0]?.manifest?.record as File).name).toBe('a.manifest.json');
    expect((cases[0]?.sealed?.record as File).name).toBe('a.sealed.json');
    expect(cases[0]?.otherManifests).toHaveLength(1);
    expect(cases.map((one) => one.hasStamp)).toEqual([false, true]);
    expect(cases.map((one) => one.missing)).toEqual(['', '']);
    expect(keys.map((key) => key.name)).toEqual(['agency.pub']);
    expect(unused).toEqual(['a.log.html']);
  });

  it('go together under other names where there is no choice', async () => {
    const { cases } = await sortFiles([
      file('recording', MP4),
      ...record('record.json', '{"schema":"redact-manifest"}'),
    ]);
    expect(cases[0]?.missing).toBe('');
    expect((cases[0]?.manifest?.record as File).name).toBe('record.json');
  });

  it('that are missing are named', async () => {
    const one = async (files: File[]): Promise<string> =>
      (await sortFiles(files)).cases[0]?.missing ?? '';
    expect(await one([file('a.mp4', MP4)])).toContain('a.manifest.json');
    const unsigned = [file('a.mp4', MP4), file('a.manifest.json', '{}')];
    expect(await one(unsigned)).toContain('a.manifest.json.minisig');
    expect((await sortFiles([file('a.txt')])).problem).toContain('.mp4');
  });

  it('of a confirmed key are as minisign writes them', async () => {
    const { name, content } = keyFile('RWQ'.padEnd(56, 'x'));
    expect(name.endsWith('.pub')).toBe(true);
    expect((await content.text()).split('\n')[1]).toHaveLength(56);
  });
});

describe('outlines', () => {
  const mask: MaskItem = {
    item: 1,
    description: 'face',
    class: 'face',
    frames: [10, 21],
    release_seconds: [0, 1],
    effect: { kind: 'fill' },
    reason: 'privacy',
    geometry: [
      [10, 0, 0, 0.2, 0.2],
      [20, 0.5, 0, 0.7, 0.2],
    ],
  };

  it('move in a straight line between keyframes and end with the mask', () => {
    expect(boxAt(mask, 9)).toBeNull();
    expect(boxAt(mask, 10)).toEqual([0, 0, 0.2, 0.2]);
    expect(boxAt(mask, 15)?.[0]).toBeCloseTo(0.25);
    expect(boxAt(mask, 20)).toEqual([0.5, 0, 0.7, 0.2]);
    expect(boxAt(mask, 21)).toBeNull();
  });

  it('belong to the frame that is shown', () => {
    const times = Float64Array.from([0, 0.033, 0.067, 0.1]);
    expect([0, 0.02, 0.033, 0.0665, 5].map((at) => frameAt(times, at))).toEqual([0, 0, 1, 2, 3]);
  });
});
