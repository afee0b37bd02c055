// The address after `#` determines the page, so that links and the Back button work. What follows
// a `?` in it are a page's filters.

function parse(): string[] {
  return (location.hash.replace(/^#\/?/, '').split('?')[0] ?? '')
    .split('/')
    .map(decodeURIComponent)
    .filter((piece) => piece !== '');
}

function parseQuery(): Record<string, string> {
  const [, ...rest] = location.hash.split('?');
  return Object.fromEntries(new URLSearchParams(rest.join('?')));
}

export const route = $state<{ path: string[]; query: Record<string, string> }>({
  path: parse(),
  query: parseQuery(),
});

addEventListener('hashchange', () => {
  route.path = parse();
  route.query = parseQuery();
});

export function link(...pieces: string[]): string {
  return `#/${pieces.map(encodeURIComponent).join('/')}`;
}

export function go(...pieces: string[]): void {
  location.hash = link(...pieces);
}

/** Stores a page's filters in its address, so that Back returns to them. Empty ones are left out. */
export function setQuery(values: Record<string, string>): void {
  const set = Object.entries(values).filter(([, value]) => value !== '');
  const text = new URLSearchParams(set).toString();
  history.replaceState(null, '', `${link(...route.path)}${text === '' ? '' : `?${text}`}`);
  route.query = Object.fromEntries(set);
}
