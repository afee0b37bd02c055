// What packages contain, and which releases can be in one.
import type {
  EncryptionKind,
  Job,
  Package,
  PackageForm,
  PackageState,
  Profile,
  Release,
} from '../api/types';
import { bytesText } from './format';

export const packageText: Record<PackageState, string> = {
  making: 'In progress',
  ready: 'Ready',
  failed: 'Failed',
};

export const packageTone: Record<PackageState, string> = {
  making: 'accent',
  ready: 'ok',
  failed: 'bad',
};

export const formText: Record<PackageForm, string> = {
  zip: 'ZIP archive',
  iso: 'Disc image',
};

export const encryptionText: Record<EncryptionKind, string> = {
  none: 'Not encrypted',
  passphrase: 'Encrypted with a passphrase',
  recipients: 'Encrypted to public keys',
};

const papers: Record<string, string> = {
  'index-html': 'index (web page)',
  'index-pdf': 'index (PDF)',
  'cover-letter': 'cover letter',
  'exemption-letter': 'exemption letter',
  instructions: 'instructions for viewing and checking',
};

/** Names in a list: `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** What a package of the profile contains, in lines for the operator. */
export function contents(profile: Profile): string[] {
  const documents = profile.documents.map((paper) => papers[paper] ?? paper);
  const named = [
    profile.request_number ? 'the request number' : '',
    profile.case_number ? 'the case number' : '',
    profile.requester ? 'the requester' : '',
    profile.source_names ? 'the file names of the recordings' : '',
  ].filter(Boolean);
  return [
    'The releases as numbered exhibits, each with its public manifest, signature and redaction log',
    documents.length === 0 ? '' : `Papers: ${listed(documents)}`,
    profile.verifier ? 'verify.html, a page with which the recipient checks the package' : '',
    profile.sealed_manifests
      ? 'The sealed manifests: who decided, what was kept and why, who asked'
      : '',
    profile.findings ? 'The findings of the scans: what was found, including what is hidden' : '',
    named.length === 0
      ? 'Names neither the request nor the recordings'
      : `Names ${listed(named)}, and nothing else about the request`,
    profile.part_bytes === null
      ? ''
      : `Videos of more than ${bytesText(profile.part_bytes)} are cut into parts`,
    profile.package_bytes === null ? '' : `At most ${bytesText(profile.package_bytes)} in total`,
  ].filter(Boolean);
}

/** Why a release cannot be in a package; `null` if it can. */
export function whyNot(release: Release): string | null {
  if (release.replaced_by !== null) return 'replaced by a newer release';
  switch (release.state) {
    case 'ready':
      return null;
    case 'rendering':
    case 'verifying':
      return 'not verified yet';
    case 'wrong':
      return 'failed its verification';
    case 'failed':
      return 'was not made';
  }
}

/** Exhibits that must not go out anymore, with the reason. */
export function outdated(of: Package): string[] {
  return of.exhibits.flatMap((exhibit) => {
    const name = `Exhibit ${exhibit.number} (${exhibit.recording_name})`;
    if (exhibit.replaced_by !== null) return [`${name} was replaced by a newer release.`];
    return exhibit.state === 'wrong' ? [`${name} no longer passes its verification.`] : [];
  });
}

/** Whether a job that failed can be tried again as it is: a passphrase is not stored. */
export const canRetry = (of: Package, job: Job | null): boolean =>
  of.state === 'failed' && job !== null && of.encryption !== 'passphrase';

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A random passphrase that is easy to read aloud: five groups of four, about 99 bits. */
export function randomPassphrase(): string {
  const groups = Array.from({ length: 5 }, () => {
    let group = '';
    while (group.length < 4) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      // Every letter is equally likely: the rest of a division is not used.
      const limit = Math.floor(256 / LETTERS.length) * LETTERS.length;
      if (byte !== undefined && byte < limit) group += LETTERS[byte % LETTERS.length];
    }
    return group;
  });
  return groups.join('-');
}
