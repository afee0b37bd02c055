// Processor time that verify.html's WebAssembly module needs in Node.js for a release or a package:
// every check but those of decoded pictures and sound.
//
// usage: node benches/checker.mjs RELEASE MANIFEST KEY     (after `make checker`)
//        node benches/checker.mjs PACKAGE KEY              (a folder, a .zip or an .iso)
import { fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const [subject, ...rest] = process.argv.slice(2);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const built = resolve(process.env.CARGO_TARGET_DIR ?? resolve(root, 'target'), 'checker/module');
// The file is an ES module whose name does not say so.
const glue = readFileSync(resolve(built, 'checker.js')).toString('base64');
const { initSync, PageChecker } = await import(`data:text/javascript;base64,${glue}`);
initSync({ module: readFileSync(resolve(built, 'checker_bg.wasm')) });

/** A file as the page's worker hands it in. */
function sliced(path) {
  const descriptor = openSync(path, 'r');
  return {
    length: fstatSync(descriptor).size,
    read(at, bytes) {
      const slice = new Uint8Array(bytes);
      readSync(descriptor, slice, 0, bytes, at);
      return slice;
    },
  };
}

function checkPackage(checker, path) {
  if (statSync(path).isDirectory()) {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const paths = files.map((entry) => resolve(entry.parentPath, entry.name));
    const names = paths.map((file) => relative(path, file).split(sep).join('/'));
    checker.check_folder(names, paths.map(sliced));
  } else {
    checker.check_container(sliced(path));
  }
  while (checker.next_release() !== undefined) {
    checker.skip_audit('nothing is decoded here');
    checker.end_release();
  }
  return checker.package_verdict();
}

const checker = new PageChecker();
const key = rest.at(-1);
checker.add_key('key.pub', readFileSync(key));
const before = process.cpuUsage();
let verdict;
if (rest.length === 1) {
  verdict = checkPackage(checker, resolve(subject));
} else {
  const [manifest] = rest;
  checker.set_manifest(readFileSync(manifest), readFileSync(`${manifest}.minisig`));
  verdict = checker.check(sliced(subject));
}
const { user, system } = process.cpuUsage(before);
console.log(JSON.parse(verdict).text);
console.log(`${((user + system) / 1e6).toFixed(2)} s of processor time`);
