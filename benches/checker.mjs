// Processor time that verify.html's WebAssembly module needs for a release, in Node.js.
//
// usage: node benches/checker.mjs RELEASE MANIFEST KEY     (after `make checker`)
import { fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [release, manifest, key] = process.argv.slice(2);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const built = resolve(process.env.CARGO_TARGET_DIR ?? resolve(root, 'target'), 'checker/module');
// The file is an ES module whose name does not say so.
const glue = readFileSync(resolve(built, 'checker.js')).toString('base64');
const { initSync, PageChecker } = await import(`data:text/javascript;base64,${glue}`);
initSync({ module: readFileSync(resolve(built, 'checker_bg.wasm')) });

const descriptor = openSync(release, 'r');
const file = {
  length: fstatSync(descriptor).size,
  read(at, bytes) {
    const slice = new Uint8Array(bytes);
    readSync(descriptor, slice, 0, bytes, at);
    return slice;
  },
};
const checker = new PageChecker();
checker.add_key('key.pub', readFileSync(key));
checker.set_manifest(readFileSync(manifest), readFileSync(`${manifest}.minisig`));
const before = process.cpuUsage();
const { text } = JSON.parse(checker.check(file));
const { user } = process.cpuUsage(before);
console.log(text);
console.log(`${(user / 1e6).toFixed(2)} s of processor time for ${file.length} bytes`);
