// The address after `#` determines the page, so that links and the Back button work.

function parse(): string[] {
  return location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .map(decodeURIComponent)
    .filter((piece) => piece !== '');
}

export const route = $state<{ path: string[] }>({ path: parse() });

addEventListener('hashchange', () => {
  route.path = parse();
});

export function link(...pieces: string[]): string {
  return `#/${pieces.map(encodeURIComponent).join('/')}`;
}

export function go(...pieces: string[]): void {
  location.hash = link(...pieces);
}
