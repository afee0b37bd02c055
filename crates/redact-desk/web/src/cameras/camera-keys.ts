// The keys of the page with several cameras.
import { comboOf, PACES } from '../workspace/keys';
import type { Cameras } from './cameras.svelte';

interface CameraKey {
  keys: string[];
  title: string;
  run: (cameras: Cameras, combo: string) => void;
}

export const CAMERA_KEYS: CameraKey[] = [
  { keys: ['Space'], title: 'Play or pause all', run: (c) => c.toggle() },
  { keys: ['l'], title: 'Forward; press again for faster', run: (c) => c.shuttle(1) },
  { keys: ['j'], title: 'Backward; press again for faster', run: (c) => c.shuttle(-1) },
  { keys: ['k'], title: 'Stop', run: (c) => c.pause() },
  {
    keys: ['Shift+l'],
    title: 'Slow motion: a quarter, half or full speed',
    run: (c) => {
      const at = PACES.findIndex((pace) => pace === c.pace);
      c.setPace(PACES[(at + PACES.length - 1) % PACES.length]!);
    },
  },
  { keys: ['ArrowLeft'], title: 'Previous frame of the selected camera', run: (c) => c.step(-1) },
  { keys: ['ArrowRight'], title: 'Next frame of the selected camera', run: (c) => c.step(1) },
  { keys: ['Shift+ArrowLeft'], title: 'Back one second', run: (c) => c.seconds(-1) },
  { keys: ['Shift+ArrowRight'], title: 'Forward one second', run: (c) => c.seconds(1) },
  { keys: ['Home'], title: 'Go to the start', run: (c) => c.seek(c.span.start) },
  { keys: ['End'], title: 'Go to the end', run: (c) => c.seek(c.span.end) },
  {
    keys: ['1', '2', '3', '4'],
    title: 'Select a camera',
    run: (c, combo) => c.select(Number(combo) - 1),
  },
  {
    keys: ['s'],
    title: 'Sound of the selected camera on or off',
    run: (c) => {
      const own = c.camera?.recording.id ?? null;
      c.hear(c.heard === own ? null : own);
    },
  },
  {
    keys: ['['],
    title: 'Selected camera one frame earlier on the clock',
    run: (c) => c.nudge(-1),
  },
  { keys: [']'], title: 'Selected camera one frame later on the clock', run: (c) => c.nudge(1) },
  {
    keys: ['a'],
    title: 'Align: move the selected camera alone',
    run: (c) => (c.aligning ? c.cancelAligning() : c.startAligning()),
  },
  { keys: ['Enter'], title: 'Align here, while aligning', run: (c) => c.alignHere() },
  { keys: ['Escape'], title: 'Stop aligning', run: (c) => c.cancelAligning() },
];

const byCombo = new Map(CAMERA_KEYS.flatMap((key) => key.keys.map((k) => [k, key] as const)));

/** Whether the control in focus needs this key itself. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog') !== null) return true;
  const field = target.closest('input, select, textarea');
  if (field instanceof HTMLInputElement && field.type === 'range') {
    return /^(Arrow|Home|End)/.test(event.key);
  }
  if (field instanceof HTMLInputElement && ['checkbox', 'radio'].includes(field.type)) {
    return event.key === ' ' || event.key.startsWith('Arrow');
  }
  if (field !== null) return event.key !== 'Escape';
  const control = target.closest('button, a, summary') !== null;
  return control && (event.key === ' ' || event.key === 'Enter');
}

/** Handles a key press; `false` if the key has no meaning here. */
export function pressCameraKey(event: KeyboardEvent, cameras: Cameras): boolean {
  const combo = comboOf(event);
  const key = byCombo.get(combo);
  if (key === undefined || isTaken(event)) return false;
  key.run(cameras, combo);
  return true;
}
