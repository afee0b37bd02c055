// The search, as it is in the address, and where its hits lead.
import type { Role, SearchHit, SearchKind } from '../api/types';
import { link } from './router.svelte';

export const kindText: Record<SearchKind, string> = {
  request: 'Requests',
  recording: 'Recordings',
  release: 'Releases',
  package: 'Packages',
  copy: 'Copies handed over',
  note: 'Notes',
  person: 'People',
};

export const kindOne: Record<SearchKind, string> = {
  request: 'Request',
  recording: 'Recording',
  release: 'Release',
  package: 'Package',
  copy: 'Copy',
  note: 'Note',
  person: 'Person',
};

/** The page that shows a hit. */
export function placeOf(hit: SearchHit, role: Role | null): string {
  switch (hit.kind) {
    case 'release':
      return link('release', hit.target);
    case 'package':
      return link('package', hit.target);
    case 'copy':
      return link(hit.in_package ? 'package' : 'release', hit.target);
    case 'person':
      return role === 'administrator'
        ? link('users')
        : role === 'auditor'
          ? link('events')
          : `${link('queue')}?whose=${encodeURIComponent(hit.target)}`;
    default:
      return link('request', hit.request ?? hit.target);
  }
}
