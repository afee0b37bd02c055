// Checks a package: the package itself, then one release after the other.
import type { PageChecker } from 'redact-checker-module';
import type {
  Answer,
  PackageAnswer,
  PackageFiles,
  PackageManifest,
  ReleasePlace,
  Verdict,
} from './protocol';
import { measureRelease, type Progress } from './release-check';
import { SlicedFile } from './slices';

/** A release is read for its pictures and its sound; its digests are known by then. */
const PASSES = 2;

/** A release that was checked and can be measured. */
interface Begun extends ReleasePlace {
  /** Index of the file that its video is in, and from where to where. */
  file: number;
  ranges: [number, number][];
  verdict: Verdict;
}

/** Reads files while it reports what it reads them for. */
class ReportedReading {
  #what = '';
  #read = 0;
  #total = 0;

  constructor(readonly progress: Progress) {}

  begin(what: string, total: number): void {
    [this.#what, this.#read, this.#total] = [what, 0, total];
  }

  readonly note = (bytes: number): void => {
    this.#read += bytes;
    this.progress(this.#what, this.#read, this.#total);
  };
}

function videoOf(file: Blob, ranges: [number, number][]): Blob {
  const slices = ranges.map(([start, end]) => file.slice(start, end, 'video/mp4'));
  const [only] = slices;
  return slices.length === 1 && only !== undefined ? only : new Blob(slices, { type: 'video/mp4' });
}

const capital = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);

/** The length of a release, as the package manifest has it. */
function bytesOf(manifest: PackageManifest | null, number: number): number {
  const exhibit = manifest?.exhibits.find((one) => one.number === number);
  return exhibit === undefined ? 0 : exhibit.release_bytes / Math.max(1, exhibit.parts.length);
}

export async function checkPackage(
  checker: PageChecker,
  content: PackageFiles,
  frames: MessagePort,
  progress: Progress,
  post: (answer: Answer) => void,
): Promise<void> {
  const files = 'files' in content ? content.files.map((one) => one.file) : [content.container];
  const reading = new ReportedReading(progress);
  const sliced = files.map((file) => new SlicedFile(file, reading.note));
  reading.begin(
    'Comparing every file with the signed list',
    files.reduce((sum, file) => sum + file.size, 0),
  );
  const [container] = sliced;
  let verdict: Verdict;
  if ('files' in content) {
    const paths = content.files.map((one) => one.path);
    verdict = JSON.parse(checker.check_folder(paths, sliced)) as Verdict;
  } else if (container !== undefined) {
    verdict = JSON.parse(checker.check_container(container)) as Verdict;
  } else {
    return;
  }
  type Package = Pick<PackageAnswer, 'manifest' | 'paths'>;
  const { manifest, paths } = JSON.parse(checker.package()) as Package;
  const show = (isFinal: boolean): void =>
    post({ kind: 'package', verdict, manifest, paths, isFinal });
  let next = manifest?.exhibits[0]?.number;
  for (;;) {
    show(false);
    reading.begin('Checking every byte of the next exhibit', bytesOf(manifest, next ?? 0) * PASSES);
    const text = checker.next_release();
    if (text === undefined) break;
    const { file, ranges, verdict: one, ...place } = JSON.parse(text) as Begun;
    next = place.exhibit + 1;
    const video = videoOf(files[file] ?? new Blob(), ranges);
    const what = `${capital(place.label)}: measuring what is hidden`;
    const measured = new SlicedFile(video);
    await measureRelease(checker, measured, frames, one, what, progress, (state) =>
      post({ kind: 'release', place, video, ...state }),
    );
    verdict = JSON.parse(checker.end_release()) as Verdict;
  }
  // A missing release has lines of its own.
  verdict = JSON.parse(checker.package_verdict()) as Verdict;
  show(true);
}
