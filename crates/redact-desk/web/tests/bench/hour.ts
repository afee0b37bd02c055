// Makes an hour with 500 tracks out of a recording of ten seconds that the real desk has prepared:
// its own proxy, waveforms and tracks, repeated. The desk must not run meanwhile.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Class, Risk, Timeline } from '../../src/api/types';

const TIMES = 360;
const TRACKS = 500;

type Row = [frame: number, ...sides: number[]];
interface Found {
  id: number;
  class: Class;
  boxes: Row[];
}
interface Findings {
  source: { frames: number; duration_ticks: number };
  tracks: Found[];
  speech: { start_seconds: number; end_seconds: number }[];
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const write = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value));

/** Findings take at most nine places. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6;

/** Stretches the only recording of a data folder. */
export function stretch(data: string): void {
  const recordings = join(data, 'recordings');
  const [id] = readdirSync(recordings);
  const folder = join(recordings, id!);
  const path = (name: string): string => join(folder, name);
  loopProxy(path('proxy.mp4'));
  const timeline = read<Timeline>(path('timeline.json'));
  const ten = timeline.frames;
  const runs = Array.from({ length: TIMES }, () => timeline.runs).flat();
  write(path('timeline.json'), { ...timeline, frames: ten * TIMES, runs });
  const media = read<{ frames: number; duration_seconds: number }>(path('media.json'));
  const seconds = media.duration_seconds;
  media.frames *= TIMES;
  media.duration_seconds *= TIMES;
  write(path('media.json'), media);
  for (const name of readdirSync(folder).filter((n) => n.startsWith('waveform-'))) {
    const wave = readFileSync(path(name));
    writeFileSync(path(name), Buffer.concat(Array.from({ length: TIMES }, () => wave)));
  }
  tracks(folder, ten, seconds);
  const change = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE recordings SET media = ?", (open(sys.argv[2]).read(),))
db.commit()`;
  execFileSync('python3', ['-c', change, join(data, 'desk.sqlite'), path('media.json')]);
}

/** Pictures and sound each on their own: an AAC frame is no part of a second. */
function loopProxy(proxy: string): void {
  const looped = `${proxy}.hour.mp4`;
  const loop = ['-stream_loop', String(TIMES - 1)];
  const single = ['v', 'a'].map((kind) => {
    const file = `${proxy}.${kind}.mp4`;
    const map = ['-map', `0:${kind}`, '-c', 'copy', file];
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', proxy, ...map]);
    return [...loop, '-i', file];
  });
  const maps = ['-map', '0:v', '-map', '1:a', '-c', 'copy', '-t', '3600', '-movflags', 'faststart'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...single.flat(), ...maps, looped]);
  renameSync(looped, proxy);
}

/** The recording's own tracks over and over, all over the hour. */
function tracks(folder: string, ten: number, seconds: number): void {
  const findings = read<Findings>(join(folder, 'findings.json'));
  const moments = read<Risk[]>(join(folder, 'moments.json'));
  const own = findings.tracks;
  const many: Found[] = [];
  const risks: Risk[] = [];
  for (let i = 0; i < TRACKS; i += 1) {
    const track = own[i % own.length]!;
    const shift = Math.floor((i * TIMES) / TRACKS) * ten;
    const boxes = track.boxes.map(([frame, ...rest]): Row => [frame + shift, ...rest]);
    many.push({ ...track, id: i + 1, boxes });
    copyFileSync(
      join(folder, `thumbnails/${track.id}.jpg`),
      join(folder, `thumbnails/t${i + 1}.jpg`),
    );
    for (const risk of moments.filter((m) => m.track === track.id)) {
      const { start, end } = risk;
      risks.push({ ...risk, track: i + 1, start: start + shift, end: end + shift });
    }
  }
  for (let i = 1; i <= TRACKS; i += 1) {
    renameSync(join(folder, `thumbnails/t${i}.jpg`), join(folder, `thumbnails/${i}.jpg`));
  }
  const speech = Array.from({ length: TIMES }, (_, n) =>
    findings.speech.map((s) => ({
      start_seconds: plain(s.start_seconds + n * seconds),
      end_seconds: plain(s.end_seconds + n * seconds),
    })),
  );
  findings.source.frames *= TIMES;
  findings.source.duration_ticks *= TIMES;
  write(join(folder, 'findings.json'), { ...findings, tracks: many, speech: speech.flat() });
  write(join(folder, 'moments.json'), risks);
}
