// Tells what the dropped files are, and which of them belong together.
import { findPackages, type Package } from './packages';
import type { FoundFile, KeyFile, SignedFile } from './protocol';

/** JSON files up to this size are looked into; a manifest may have 64 MB. */
const JSON_BYTES_MAX = 64 << 20;

/** A release with the files that belong to it, or what is missing. */
export interface Case {
  release: File;
  manifest: SignedFile | null;
  sealed: SignedFile | null;
  otherManifests: SignedFile[];
  /** Its captions, if they are among the files. */
  captions: File | null;
  hasStamp: boolean;
  /** What the person has to do before it can be checked; empty if nothing. */
  missing: string;
}

export interface Sorted {
  /** The package, if the files are one: then there are no other cases. */
  package: Package | null;
  cases: Case[];
  /** Names of keys among the files: they prove nothing, as they came with what they are to prove. */
  keys: string[];
  /** Names of files that take no part. */
  unused: string[];
  problem: string;
}

type Kind =
  'release' | 'manifest' | 'sealed' | 'captions' | 'signature' | 'stamp' | 'key' | 'other';

const KEY_ENDINGS = ['.pub', '.rotation.json', '.approver.json', '.revoked'];

/** Whether a file is a key, by its name. */
export function isKey(path: string): boolean {
  return KEY_ENDINGS.some((ending) => path.toLowerCase().endsWith(ending));
}

async function kindOf(file: File): Promise<Kind> {
  const name = file.name.toLowerCase();
  if (name.endsWith('.minisig')) return 'signature';
  if (name.endsWith('.tsr')) return 'stamp';
  if (name.endsWith('.vtt')) return 'captions';
  if (isKey(name)) return 'key';
  if (name.endsWith('.manifest.json')) return 'manifest';
  if (name.endsWith('.sealed.json')) return 'sealed';
  const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  if (String.fromCharCode(...head.slice(4, 8)) === 'ftyp' || name.endsWith('.mp4')) {
    return 'release';
  }
  if (head[0] === 0x7b && file.size <= JSON_BYTES_MAX) return schemaOf(await file.text());
  return 'other';
}

/** A renamed record still says what it is. */
function schemaOf(text: string): Kind {
  try {
    const { schema } = JSON.parse(text) as { schema?: unknown };
    if (schema === 'redact-manifest') return 'manifest';
    if (schema === 'redact-sealed-manifest') return 'sealed';
  } catch {
    // Not JSON: not a record.
  }
  return 'other';
}

const withoutEnding = (name: string): string => name.replace(/\.[^.]*$/, '');

/** Sorts files: one package, or releases by themselves. */
export async function sortFiles(found: FoundFile[]): Promise<Sorted> {
  const { packages, rest, problem } = await findPackages(found);
  const [only] = packages;
  const names = rest.map(({ file }) => file.name);
  const nothing = { package: null, cases: [], keys: [], unused: [] };
  if (packages.length > 1) {
    const all = packages.map(({ name }) => name).join(', ');
    return {
      ...nothing,
      problem: `There are ${packages.length} packages among these files: ${all}. Drop one at a time.`,
    };
  }
  if (only !== undefined) {
    const keys = names.filter(isKey);
    const unused = names.filter((name) => !isKey(name));
    return { package: only, cases: [], keys, unused, problem: '' };
  }
  const sorted = await sortReleases(rest.map(({ file }) => file));
  return problem === '' ? sorted : { ...nothing, problem };
}

/** Sorts files, releases by name; `X.mp4` belongs to `X.manifest.json`. */
async function sortReleases(files: File[]): Promise<Sorted> {
  const kinds = await Promise.all(files.map(kindOf));
  const of = (kind: Kind): File[] => files.filter((_, at) => kinds[at] === kind);
  const [signatures, manifests, sealed] = [of('signature'), of('manifest'), of('sealed')];
  const releases = of('release').sort((a, b) => a.name.localeCompare(b.name));
  const signed = (record: File | undefined): SignedFile | null => {
    const signature = signatures.find((file) => file.name === `${record?.name}.minisig`);
    return record === undefined || signature === undefined ? null : { record, signature };
  };
  const named = (records: File[], name: string): File | undefined =>
    records.find((file) => file.name === name) ??
    (releases.length === 1 && records.length === 1 ? records[0] : undefined);
  const cases = releases.map((release): Case => {
    const stem = withoutEnding(release.name);
    const manifest = named(manifests, `${stem}.manifest.json`);
    const others = manifests.filter((file) => file !== manifest);
    return {
      release,
      manifest: signed(manifest),
      sealed: signed(named(sealed, `${stem}.sealed.json`)),
      otherManifests: others.map(signed).filter((file) => file !== null),
      captions: named(of('captions'), `${stem}.vtt`) ?? null,
      hasStamp: of('stamp').some((file) => file.name === `${manifest?.name}.tsr`),
      missing: missing(release, manifest, signed(manifest)),
    };
  });
  return {
    package: null,
    cases,
    keys: of('key').map((file) => file.name),
    unused: of('other').map((file) => file.name),
    problem:
      cases.length > 0
        ? ''
        : 'There is neither a package nor a released recording (an .mp4 file) among these files. ' +
          'Drop the whole folder or the .zip file that you received, or a recording together with ' +
          'its .manifest.json and .manifest.json.minisig.',
  };
}

function missing(release: File, manifest: File | undefined, signed: SignedFile | null): string {
  if (manifest === undefined) {
    const name = `${withoutEnding(release.name)}.manifest.json`;
    return `Its manifest is missing: drop ${name} and ${name}.minisig together with it.`;
  }
  const name = `${manifest.name}.minisig`;
  return signed === null ? `The signature of the manifest is missing: drop ${name} too.` : '';
}

/** The files that a person says they trust. */
export function keyFiles(files: File[]): KeyFile[] {
  return files.map((file) => ({ name: file.name, content: file }));
}

/** A key whose fingerprint a person compared, as the file that has it. */
export function keyFile(key: string): KeyFile {
  const text = `untrusted comment: minisign public key\n${key}\n`;
  return { name: 'confirmed.pub', content: new Blob([text]) };
}
