// Which files of a drop belong together, and where outlines lie.
import { describe, expect, it } from 'vitest';
import { keyFile, sortFiles } from '../../checker/files';
import { boxAt, frameAt } from '../../checker/outline';
import type { FoundFile, MaskItem } from '../../checker/protocol';

const MP4 = '\0\0\0\x18ftypisom';
const file = (path: string, content = ''): FoundFile => ({
  path,
  file: new File([content], path.slice(path.lastIndexOf('/') + 1)),
});
const record = (name: string, content = '{}'): FoundFile[] => [
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
      file('a.vtt', 'WEBVTT'),
      file('agency.pub'),
      file('a.log.html', '<html>'),
    ]);
    expect(cases.map((one) => one.release.name)).toEqual(['a.mp4', 'b.mp4']);
    expect((cases[0]?.manifest?.record as File).name).toBe('a.manifest.json');
    expect((cases[0]?.sealed?.record as File).name).toBe('a.sealed.json');
    expect(cases[0]?.otherManifests).toHaveLength(1);
    expect(cases.map((one) => one.hasStamp)).toEqual([false, true]);
    expect(cases.map((one) => one.captions?.name)).toEqual(['a.vtt', undefined]);
    expect(cases.map((one) => one.missing)).toEqual(['', '']);
    expect(keys).toEqual(['agency.pub']);
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
    const one = async (files: FoundFile[]): Promise<string> =>
      (await sortFiles(files)).cases[0]?.missing ?? '';
    expect(await one([file('a.mp4', MP4)])).toContain('a.manifest.json');
    const unsigned = [file('a.mp4', MP4), file('a.manifest.json', '{}')];
    expect(await one(unsigned)).toContain('a.manifest.json.minisig');
    expect((await sortFiles([file('a.txt')])).problem).toContain('.mp4');
  });

  const package17 = (root: string): FoundFile[] => [
    ...record(`${root}package.json`, '{"schema":"redact-package"}'),
    file(`${root}exhibits/exhibit-01.mp4`, MP4),
    ...record(`${root}exhibits/exhibit-01.manifest.json`),
  ];

  it('are one package where there is a package manifest, wherever its folder is', async () => {
    for (const root of ['case-17/', 'downloads/case-17/']) {
      const sorted = await sortFiles([
        ...package17(root),
        file('agency.pub'),
        file('downloads/a.txt'),
      ]);
      expect(sorted.package?.name).toBe('case-17');
      const content = sorted.package?.content ?? { files: [] };
      expect('files' in content ? content.files.map(({ path }) => path) : []).toEqual([
        'package.json',
        'package.json.minisig',
        'exhibits/exhibit-01.mp4',
        'exhibits/exhibit-01.manifest.json',
        'exhibits/exhibit-01.manifest.json.minisig',
      ]);
      expect(sorted.cases).toEqual([]);
      expect(sorted.keys).toEqual(['agency.pub']);
      expect(sorted.unused).toEqual(['a.txt']);
    }
  });

  it('are a package without its manifest or signature, which its check reports', async () => {
    const without = (name: string): FoundFile[] =>
      package17('').filter(({ path }) => path !== name);
    expect((await sortFiles(without('package.json'))).package?.name).toBe('Package');
    expect((await sortFiles(without('package.json.minisig'))).package).not.toBeNull();
    const neither = without('package.json').filter(({ path }) => !path.startsWith('package.json'));
    const sorted = await sortFiles(neither);
    expect(sorted.package).toBeNull();
    expect(sorted.cases).toEqual([]);
    expect(sorted.problem).toContain('package.json');
  });

  it('are one package at a time; a package inside of another is a file that was added', async () => {
    const two = await sortFiles([...package17('a/'), ...package17('b/')]);
    expect(two.problem).toContain('2 packages');
    expect(two.problem).toContain('a, b');
    expect(two.package).toBeNull();
    const zips = await sortFiles([file('a.zip'), ...package17('b/')]);
    expect(zips.problem).toContain('b, a.zip');
    const nested = await sortFiles([...package17('a/'), ...package17('a/more/')]);
    expect(nested.problem).toBe('');
    expect(nested.package?.name).toBe('a');
  });

  it('are a package in one file, by its name or by its first bytes', async () => {
    const image = `${'\0'.repeat(32_769)}CD001`;
    const files = [
      file('a.zip', 'damaged'),
      file('A.ISO'),
      file('a.zip.age'),
      file('b', 'PK\x03\x04'),
      file('b', 'age-encryption.org/v1\n'),
      file('b', image),
    ];
    for (const one of files) {
      const sorted = await sortFiles([one]);
      expect(sorted.package?.content).toEqual({ container: one.file });
    }
    // The control, and a paper that is an archive by its first bytes.
    expect((await sortFiles([file('b', 'text')])).package).toBeNull();
    const paper = file('letter.docx', 'PK\x03\x04');
    const release = [file('a.mp4', MP4), ...record('a.manifest.json'), paper];
    expect((await sortFiles(release)).cases).toHaveLength(1);
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
