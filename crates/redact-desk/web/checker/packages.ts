// Tells whether the dropped files are a package: a folder, or one file that holds it.
import type { FoundFile, PackageFiles } from './protocol';

export interface Package {
  /** The name of the folder or the file. */
  name: string;
  content: PackageFiles;
}

export interface SortedPackages {
  packages: Package[];
  /** The files that are in no package. */
  rest: FoundFile[];
  /** What looks like the rest of a package without its manifest, or nothing. */
  problem: string;
}

/** The names of the package manifest and its signature: without either, it is no package. */
const RECORDS = ['package.json', 'package.json.minisig'];

const ENDINGS = ['.zip', '.iso', '.age'];

/** How a ZIP archive and a file that is encrypted with age start. */
const STARTS = ['PK\x03\x04', 'age-encryption.org/v1'];

/** Where an ISO 9660 image has its identifier, and which. */
const ISO = { at: 32_769, text: 'CD001' };

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

async function textAt(file: File, at: number, length: number): Promise<string> {
  const bytes = new Uint8Array(await file.slice(at, at + length).arrayBuffer());
  return String.fromCharCode(...bytes);
}

/** Whether a file holds a package, by its name or, where it is the only one, its first bytes. */
async function isContainer({ file }: FoundFile, isOnly: boolean): Promise<boolean> {
  if (ENDINGS.some((ending) => file.name.toLowerCase().endsWith(ending))) return true;
  if (!isOnly) return false;
  const start = await textAt(file, 0, 32);
  if (STARTS.some((known) => start.startsWith(known))) return true;
  return (await textAt(file, ISO.at, ISO.text.length)) === ISO.text;
}

function folder(root: string, files: FoundFile[]): Package {
  const inside = files.filter(({ path }) => path.startsWith(root));
  const relative = inside.map(({ path, file }) => ({ path: path.slice(root.length), file }));
  const name = root.replace(/\/$/, '').split('/').at(-1) ?? '';
  return { name: name === '' ? 'Package' : name, content: { files: relative } };
}

export async function findPackages(files: FoundFile[]): Promise<SortedPackages> {
  const records = files.filter(({ file }) => RECORDS.includes(file.name));
  const folders = [...new Set(records.map(({ path }) => folderOf(path)))];
  // What lies inside of a package is a file that was added to it.
  const roots = folders.filter(
    (root) => !folders.some((other) => other !== root && root.startsWith(other)),
  );
  const outside = files.filter(({ path }) => !roots.some((root) => path.startsWith(root)));
  const are = await Promise.all(outside.map((one) => isContainer(one, files.length === 1)));
  const containers = outside.filter((_, at) => are[at]);
  const rest = outside.filter((_, at) => !are[at]);
  return {
    packages: [
      ...roots.map((root) => folder(root, files)),
      ...containers.map(({ file }) => ({ name: file.name, content: { container: file } })),
    ],
    rest,
    problem: rest.some(({ path }) => /(^|\/)(exhibits\/|SHA256SUMS$)/.test(path))
      ? 'These files look like a package, but its manifest (package.json) and the signature of ' +
        'that are missing. Drop the whole folder, with everything that you received.'
      : '',
  };
}
