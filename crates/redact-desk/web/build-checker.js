// Makes verify.html: page, worker and WebAssembly module in one file that loads nothing.
//
// usage: REDACT_CHECKER_OUT=FOLDER node build-checker.js     (scripts/checker does it)
//
// FOLDER/module holds checker.js and checker_bg.wasm; FOLDER/verify.html is written.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { zlibSync } from 'fflate';
import { build } from 'vite';

const out = process.env['REDACT_CHECKER_OUT'];
if (out === undefined) throw new Error('REDACT_CHECKER_OUT names no folder');
const here = resolve(import.meta.dirname, 'checker');

/** One script, and the style that its components have. */
async function bundle(entry, plugins) {
  const { output } = await build({
    configFile: false,
    root: here,
    logLevel: 'warn',
    plugins,
    resolve: { alias: { 'redact-checker-module': resolve(out, 'module/checker.js') } },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      cssCodeSplit: false,
      rollupOptions: { input: resolve(here, entry), output: { format: 'iife' } },
    },
  });
  const code = output.find((part) => part.type === 'chunk').code.trim();
  const style = output.find((part) => part.fileName.endsWith('.css'))?.source.trim() ?? '';
  return { code, style };
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

// As checker/parts.ts unpacks it. Node.js would compress with whichever zlib it was built with, and
// so to different bytes from one computer to the next.
const packed = (bytes) => Buffer.from(zlibSync(bytes, { level: 9 })).toString('base64');

const worker = await bundle('worker.ts', []);
const page = await bundle('main.ts', [
  svelte({ configFile: resolve(import.meta.dirname, 'svelte.config.js') }),
]);
// Nothing may end the element that it stands in.
const script = page.code.replaceAll('</script', '<\\/script');
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(page.style)}`,
  'worker-src blob:',
  'media-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
const parts = {
  POLICY: policy,
  STYLE: page.style,
  MODULE: packed(readFileSync(resolve(out, 'module/checker_bg.wasm'))),
  WORKER: packed(Buffer.from(worker.code)),
  SCRIPT: script,
};
const template = readFileSync(resolve(here, 'template.html'), 'utf8');
// The hashes are those of the parts alone, without the white space around them.
const html = template.replace(/(?<=[>"])\s*%([A-Z]+)%\s*(?=[<"])/g, (_, name) => parts[name]);
writeFileSync(resolve(out, 'verify.html'), html);
