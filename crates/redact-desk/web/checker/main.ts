import './page.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { unpack } from './parts';

const TOO_OLD =
  'Nothing has been checked. This browser cannot run the checker: it has no WebAssembly, or is too ' +
  'old. Use a current version of Firefox, Chrome, Edge or Safari, or the program redact-verify.';

async function start(target: HTMLElement): Promise<void> {
  const needed = ['WebAssembly', 'Worker', 'DecompressionStream'];
  if (!needed.every((name) => name in globalThis)) {
    target.textContent = TOO_OLD;
    return;
  }
  const parts = await unpack();
  target.replaceChildren();
  mount(App, { target, props: { parts } });
}

const target = document.getElementById('app');
if (target !== null) void start(target);
