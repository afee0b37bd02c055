// The parts of the page that are not text: they lie in it deflated, as base64.

export interface Parts {
  /** The WebAssembly module. */
  module: Uint8Array<ArrayBuffer>;
  /** The script of the worker. */
  worker: Uint8Array<ArrayBuffer>;
}

async function part(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = atob(document.getElementById(id)?.textContent.trim() ?? '');
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function unpack(): Promise<Parts> {
  return { module: await part('module'), worker: await part('worker') };
}
