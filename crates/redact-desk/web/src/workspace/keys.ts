// Every key of the review, once: the handler obeys this table and the `?` sheet shows it.
import { boxAt, drawnAt } from '../review/boxes';
import type { ReviewSession } from '../review/review-session.svelte';

export interface View {
  desk: ReviewSession;
  zoom: (factor: number) => void;
  fit: () => void;
  tab: (index: number) => void;
  sheet: () => void;
  approve: () => void;
  focusPerson: () => void;
  focusReason: () => void;
}

interface Key {
  keys: string[];
  title: string;
  run: (view: View) => void;
}

export interface KeyGroup {
  title: string;
  keys: Key[];
}

const nudge =
  (x: number, y: number, grow: boolean) =>
  ({ desk }: View): void => {
    const { region, selected } = desk;
    const track = selected.length === 1 ? selected[0]! : null;
    const frame = desk.player.frame;
    const rect =
      region !== null
        ? drawnAt(region, frame)
        : track !== null
          ? boxAt(track, frame, desk.foundById)
          : null;
    if (rect === null) return;
    const step = 0.005;
    const [left, top, right, bottom] = rect;
    const [dx, dy] = [x * step, y * step];
    if (region !== null) {
      desk.moveRegion(
        region.id,
        grow
          ? [left, top, right + dx, bottom + dy]
          : [left + dx, top + dy, right + dx, bottom + dy],
      );
    } else if (track !== null) {
      // A found box does not move away from what was found: it grows on that side.
      const [west, north] = [Math.min(0, grow ? 0 : dx), Math.min(0, grow ? 0 : dy)];
      const [east, south] = [grow ? dx : Math.max(0, dx), grow ? dy : Math.max(0, dy)];
      desk.reshape(track.id, [left + west, top + north, right + east, bottom + south]);
    }
  };

export const GROUPS: KeyGroup[] = [
  {
    title: 'Playing',
    keys: [
      { keys: ['Space'], title: 'Play, pause', run: ({ desk }) => desk.player.toggle() },
      { keys: ['l'], title: 'Forward; again: faster', run: ({ desk }) => desk.player.shuttle(1) },
      { keys: ['j'], title: 'Backward; again: faster', run: ({ desk }) => desk.player.shuttle(-1) },
      {
        keys: ['k'],
        title: 'While it plays: stop. While it stands: keep the selected track',
        run: ({ desk }) => desk.stopOrKeep(),
      },
      { keys: ['ArrowLeft'], title: 'One frame back', run: ({ desk }) => desk.player.step(-1) },
      { keys: ['ArrowRight'], title: 'One frame on', run: ({ desk }) => desk.player.step(1) },
      { keys: ['Shift+ArrowLeft'], title: 'One second back', run: (v) => second(v, -1) },
      { keys: ['Shift+ArrowRight'], title: 'One second on', run: (v) => second(v, 1) },
      { keys: ['Home'], title: 'To the beginning', run: ({ desk }) => desk.player.seek(0) },
      {
        keys: ['End'],
        title: 'To the end',
        run: ({ desk }) => desk.player.seek(desk.clock.frames - 1),
      },
    ],
  },
  {
    title: 'Going to what matters',
    keys: [
      { keys: ['n'], title: 'Next of “look here first”', run: ({ desk }) => desk.nextRisk(1) },
      { keys: ['Shift+n'], title: 'The one before', run: ({ desk }) => desk.nextRisk(-1) },
      { keys: ['u'], title: 'Next undecided track', run: ({ desk }) => desk.nextUndecided(1) },
      { keys: ['Shift+u'], title: 'The one before', run: ({ desk }) => desk.nextUndecided(-1) },
      {
        keys: ['ArrowDown'],
        title: 'Next track of the list',
        run: ({ desk }) => desk.nextTrack(1),
      },
      { keys: ['ArrowUp'], title: 'Track before', run: ({ desk }) => desk.nextTrack(-1) },
      {
        keys: ['Ctrl+a'],
        title: 'Select all tracks of the list',
        run: ({ desk }) => desk.select(new Set(desk.tracks.map((t) => t.id))),
      },
    ],
  },
  {
    title: 'Deciding',
    keys: [
      { keys: ['h'], title: 'Hide what is selected', run: ({ desk }) => desk.decide('redact') },
      {
        keys: ['Shift+k'],
        title: 'Keep what is selected (also while it plays)',
        run: ({ desk }) => desk.decide('keep'),
      },
      {
        keys: ['x'],
        title: 'Reject what is selected: not a face, not a plate',
        run: ({ desk }) => desk.decide('reject'),
      },
      {
        keys: ['b'],
        title: 'Hide all but this one (this person)',
        run: ({ desk }) => desk.hideAllButSelected(),
      },
      {
        keys: ['Backspace', 'Delete'],
        title: 'Take the decision back; remove a region or a mute',
        run: ({ desk }) => desk.removeSelected(),
      },
      { keys: ['e'], title: 'Other effect', run: ({ desk }) => desk.cycleEffect() },
      { keys: ['r'], title: 'Choose the reason', run: (v) => v.focusReason() },
      { keys: ['g'], title: 'Say who it is (same name: same person)', run: (v) => v.focusPerson() },
    ],
  },
  {
    title: 'Tracks and regions',
    keys: [
      {
        keys: ['d'],
        title: 'Draw a region on the picture',
        run: ({ desk }) => {
          desk.player.pause();
          desk.drawing = !desk.drawing;
        },
      },
      { keys: ['f'], title: 'Follow the object from here', run: ({ desk }) => void desk.follow() },
      { keys: ['q'], title: 'Begins with this frame', run: ({ desk }) => desk.trim('start') },
      { keys: ['w'], title: 'Ends with this frame', run: ({ desk }) => desk.trim('end') },
      { keys: ['s'], title: 'Split the track before this frame', run: ({ desk }) => desk.split() },
      { keys: ['m'], title: 'Merge the selected tracks', run: ({ desk }) => desk.merge() },
      {
        keys: ['Alt+ArrowLeft'],
        title: 'Move the region left; a track’s box: larger on the left',
        run: nudge(-1, 0, false),
      },
      { keys: ['Alt+ArrowRight'], title: 'Right', run: nudge(1, 0, false) },
      { keys: ['Alt+ArrowUp'], title: 'Up', run: nudge(0, -1, false) },
      { keys: ['Alt+ArrowDown'], title: 'Down', run: nudge(0, 1, false) },
      { keys: ['Alt+Shift+ArrowRight'], title: 'Wider', run: nudge(1, 0, true) },
      { keys: ['Alt+Shift+ArrowLeft'], title: 'Narrower', run: nudge(-1, 0, true) },
      { keys: ['Alt+Shift+ArrowDown'], title: 'Taller', run: nudge(0, 1, true) },
      { keys: ['Alt+Shift+ArrowUp'], title: 'Lower', run: nudge(0, -1, true) },
    ],
  },
  {
    title: 'Sound',
    keys: [
      { keys: ['[', 'i'], title: 'Mute begins here', run: ({ desk }) => desk.markMuteIn() },
      { keys: [']', 'o'], title: 'Mute ends here', run: ({ desk }) => desk.markMuteOut() },
    ],
  },
  {
    title: 'Everything else',
    keys: [
      {
        keys: ['p'],
        title: 'See it as it will be rendered',
        run: ({ desk }) => (desk.preview = !desk.preview),
      },
      { keys: ['Ctrl+z'], title: 'Undo', run: ({ desk }) => desk.undo() },
      { keys: ['Ctrl+Shift+z', 'Ctrl+y'], title: 'Redo', run: ({ desk }) => desk.redo() },
      {
        keys: ['Ctrl+s'],
        title: 'Save now (it saves by itself, too)',
        run: ({ desk }) => void desk.flush(),
      },
      { keys: ['+', '='], title: 'Timeline closer', run: (v) => v.zoom(2) },
      { keys: ['-'], title: 'Timeline farther', run: (v) => v.zoom(0.5) },
      { keys: ['0'], title: 'The whole timeline', run: (v) => v.fit() },
      { keys: ['1'], title: 'List: look here first', run: (v) => v.tab(0) },
      { keys: ['2'], title: 'List: tracks', run: (v) => v.tab(1) },
      { keys: ['3'], title: 'List: sound', run: (v) => v.tab(2) },
      { keys: ['Ctrl+Enter'], title: 'Go to the approval', run: (v) => v.approve() },
      {
        keys: ['Escape'],
        title: 'Stop drawing; select nothing',
        run: ({ desk }) => {
          if (desk.drawing) desk.drawing = false;
          else if (desk.muteIn !== null) desk.muteIn = null;
          else desk.select(new Set());
        },
      },
      { keys: ['?'], title: 'This sheet', run: (v) => v.sheet() },
    ],
  },
];

const byCombo = new Map<string, Key>();
for (const group of GROUPS)
  for (const key of group.keys) for (const k of key.keys) byCombo.set(k, key);

function second({ desk }: View, by: number): void {
  desk.player.pause();
  desk.player.seekSeconds(desk.clock.middle(desk.player.frame) + by);
}

/** The name of a key press as the table spells it. */
export function comboOf(event: KeyboardEvent): string {
  const alternate = event.getModifierState('AltGraph'); // Brackets on many keyboards.
  const key =
    event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letterOrNamed = /^[a-z]$/.test(key) || key.length > 1;
  return [
    (event.ctrlKey || event.metaKey) && !alternate ? 'Ctrl+' : '',
    event.altKey && !alternate ? 'Alt+' : '',
    event.shiftKey && letterOrNamed && key !== 'Space' ? 'Shift+' : '',
    key,
  ].join('');
}

/** Acts on a key press; `false` when the key means nothing here. */
export function press(event: KeyboardEvent, view: View, singleKeys: boolean): boolean {
  const combo = comboOf(event);
  const key = byCombo.get(combo);
  if (key === undefined || isTyping(event)) return false;
  const character = combo.length === 1 || combo.startsWith('Shift+');
  if (character && !singleKeys && combo !== '?') return false;
  key.run(view);
  return true;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog') !== null) return true;
  const field = target.closest('input, select, textarea');
  if (field instanceof HTMLInputElement && ['checkbox', 'radio', 'range'].includes(field.type)) {
    return event.key === ' ' || event.key.startsWith('Arrow');
  }
  if (field !== null) return event.key !== 'Escape' && !event.ctrlKey;
  // Buttons and links answer to Space and Enter themselves; tabs to the arrows.
  if (event.key === ' ' && target.closest('button, a, [role="tab"], label') !== null) return true;
  return event.key.startsWith('Arrow') && target.closest('[role="tablist"]') !== null;
}

/** A key for people: `Shift+ArrowLeft` as `⇧ ←`. */
export function keyText(combo: string): string[] {
  const names: Record<string, string> = {
    ArrowLeft: '←',
    ArrowRight: '→',
    ArrowUp: '↑',
    ArrowDown: '↓',
    Escape: 'Esc',
    Delete: 'Del',
    Backspace: '⌫',
  };
  // The plus sign is a key, too.
  const pieces = combo === '+' ? ['+'] : combo.split('+');
  return pieces.map((p) => names[p] ?? (p.length === 1 ? p.toUpperCase() : p));
}
