// All shortcuts of the review. The handler and the `?` dialog use this table.
import { boxAt, drawnAt } from '../review/boxes';
import { toast } from '../lib/toast.svelte';
import type { ReviewSession } from '../review/review-session.svelte';
import type { Spoken } from '../review/spoken.svelte';

export interface View {
  desk: ReviewSession;
  zoom: (factor: number) => void;
  louder: (factor: number) => void;
  fit: () => void;
  tab: (index: number) => void;
  sheet: () => void;
  approve: () => void;
  focusPerson: () => void;
  focusReason: () => void;
  search: () => void;
  words: () => void;
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
      // A found box cannot move, so it grows on that side.
      const [west, north] = [Math.min(0, grow ? 0 : dx), Math.min(0, grow ? 0 : dy)];
      const [east, south] = [grow ? dx : Math.max(0, dx), grow ? dy : Math.max(0, dy)];
      desk.reshape(track.id, [left + west, top + north, right + east, bottom + south]);
    }
  };

export const GROUPS: KeyGroup[] = [
  {
    title: 'Playback',
    keys: [
      { keys: ['Space'], title: 'Play or pause', run: ({ desk }) => desk.player.toggle() },
      {
        keys: ['l'],
        title: 'Forward; press again for faster',
        run: ({ desk }) => desk.player.shuttle(1),
      },
      {
        keys: ['j'],
        title: 'Backward; press again for faster',
        run: ({ desk }) => desk.player.shuttle(-1),
      },
      {
        keys: ['k'],
        title: 'While playing: stop. When stopped: keep the selected track',
        run: ({ desk }) => desk.stopOrKeep(),
      },
      { keys: ['ArrowLeft'], title: 'Previous frame', run: ({ desk }) => desk.player.step(-1) },
      { keys: ['ArrowRight'], title: 'Next frame', run: ({ desk }) => desk.player.step(1) },
      { keys: ['Shift+ArrowLeft'], title: 'Back one second', run: (v) => second(v, -1) },
      { keys: ['Shift+ArrowRight'], title: 'Forward one second', run: (v) => second(v, 1) },
      { keys: ['Home'], title: 'Go to the start', run: ({ desk }) => desk.player.seek(0) },
      {
        keys: ['End'],
        title: 'Go to the end',
        run: ({ desk }) => desk.player.seek(desk.clock.frames - 1),
      },
    ],
  },
  {
    title: 'Navigation',
    keys: [
      { keys: ['n'], title: 'Next item to check first', run: ({ desk }) => desk.nextRisk(1) },
      {
        keys: ['Shift+n'],
        title: 'Previous item to check first',
        run: ({ desk }) => desk.nextRisk(-1),
      },
      { keys: ['u'], title: 'Next undecided track', run: ({ desk }) => desk.nextUndecided(1) },
      {
        keys: ['Shift+u'],
        title: 'Previous undecided track',
        run: ({ desk }) => desk.nextUndecided(-1),
      },
      {
        keys: ['ArrowDown'],
        title: 'Next track in the list',
        run: ({ desk }) => desk.nextTrack(1),
      },
      {
        keys: ['ArrowUp'],
        title: 'Previous track in the list',
        run: ({ desk }) => desk.nextTrack(-1),
      },
      {
        keys: ['Ctrl+a'],
        title: 'Select all tracks in the list',
        run: ({ desk }) => desk.select(new Set(desk.tracks.map((t) => t.id))),
      },
    ],
  },
  {
    title: 'Decisions',
    keys: [
      {
        keys: ['h'],
        title: 'Hide the selection, or mute words',
        run: ({ desk }) => desk.decide('redact'),
      },
      {
        keys: ['Shift+k'],
        title: 'Keep the selection (also while playing)',
        run: ({ desk }) => desk.decide('keep'),
      },
      {
        keys: ['x'],
        title: 'Reject the selection as a false detection; of words: nothing to withhold',
        run: ({ desk }) => desk.decide('reject'),
      },
      {
        keys: ['b'],
        title: 'Hide all except this track or person',
        run: ({ desk }) => desk.hideAllButSelected(),
      },
      {
        keys: ['Backspace', 'Delete'],
        title: 'Remove the decision, region or mute',
        run: ({ desk }) => desk.removeSelected(),
      },
      { keys: ['e'], title: 'Change the effect', run: ({ desk }) => desk.cycleEffect() },
      { keys: ['r'], title: 'Choose a reason', run: (v) => v.focusReason() },
      { keys: ['g'], title: 'Name the person', run: (v) => v.focusPerson() },
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
      { keys: ['q'], title: 'Start at this frame', run: ({ desk }) => desk.trim('start') },
      { keys: ['w'], title: 'End at this frame', run: ({ desk }) => desk.trim('end') },
      { keys: ['s'], title: 'Split the track before this frame', run: ({ desk }) => desk.split() },
      { keys: ['m'], title: 'Merge the selected tracks', run: ({ desk }) => desk.merge() },
      {
        keys: ['Alt+ArrowLeft'],
        title: 'Move the region left, or enlarge a track’s box to the left',
        run: nudge(-1, 0, false),
      },
      { keys: ['Alt+ArrowRight'], title: 'Right', run: nudge(1, 0, false) },
      { keys: ['Alt+ArrowUp'], title: 'Up', run: nudge(0, -1, false) },
      { keys: ['Alt+ArrowDown'], title: 'Down', run: nudge(0, 1, false) },
      { keys: ['Alt+Shift+ArrowRight'], title: 'Wider', run: nudge(1, 0, true) },
      { keys: ['Alt+Shift+ArrowLeft'], title: 'Narrower', run: nudge(-1, 0, true) },
      { keys: ['Alt+Shift+ArrowDown'], title: 'Taller', run: nudge(0, 1, true) },
      { keys: ['Alt+Shift+ArrowUp'], title: 'Shorter', run: nudge(0, -1, true) },
    ],
  },
  {
    title: 'Sound',
    keys: [
      { keys: ['[', 'i'], title: 'Start of mute', run: ({ desk }) => desk.markMuteIn() },
      { keys: [']', 'o'], title: 'End of mute', run: ({ desk }) => desk.markMuteOut() },
      { keys: ['>'], title: 'Draw quiet sound larger', run: (v) => v.louder(2) },
      { keys: ['<'], title: 'Draw sound smaller', run: (v) => v.louder(0.5) },
    ],
  },
  {
    title: 'Transcript',
    keys: [
      {
        keys: ['t'],
        title: 'Next proposal to check; plays it',
        run: (v) => proposal(v, 1),
      },
      { keys: ['Shift+t'], title: 'Previous proposal', run: (v) => proposal(v, -1) },
      {
        keys: ['a'],
        title: 'Play the selected words, with a second around them',
        run: ({ desk }) => spoken(desk)?.playTarget(),
      },
      {
        keys: ['Shift+h'],
        title: 'Mute everywhere the selected words are said',
        run: ({ desk }) => spoken(desk)?.muteEverywhere(),
      },
      { keys: ['c'], title: 'Correct the selected word', run: (v) => correct(v) },
      { keys: ['/', 'Ctrl+f'], title: 'Search the transcript', run: (v) => v.search() },
      { keys: ['y'], title: 'Go to the words: arrows move, Shift selects', run: (v) => v.words() },
    ],
  },
  {
    title: 'General',
    keys: [
      {
        keys: ['p'],
        title: 'Preview the release',
        run: ({ desk }) => (desk.preview = !desk.preview),
      },
      { keys: ['Ctrl+z'], title: 'Undo', run: ({ desk }) => desk.undo() },
      { keys: ['Ctrl+Shift+z', 'Ctrl+y'], title: 'Redo', run: ({ desk }) => desk.redo() },
      {
        keys: ['Ctrl+s'],
        title: 'Save now (changes are also saved automatically)',
        run: ({ desk }) => void desk.flush(),
      },
      { keys: ['+', '='], title: 'Zoom in', run: (v) => v.zoom(2) },
      { keys: ['-'], title: 'Zoom out', run: (v) => v.zoom(0.5) },
      { keys: ['0'], title: 'Show the whole timeline', run: (v) => v.fit() },
      { keys: ['1'], title: 'List: check first', run: (v) => v.tab(0) },
      { keys: ['2'], title: 'List: tracks', run: (v) => v.tab(1) },
      { keys: ['3'], title: 'List: sound', run: (v) => v.tab(2) },
      { keys: ['4'], title: 'List: transcript', run: (v) => v.tab(3) },
      { keys: ['Ctrl+Enter'], title: 'Go to approval', run: (v) => v.approve() },
      {
        keys: ['Escape'],
        title: 'Cancel drawing, or clear the selection',
        run: ({ desk }) => {
          if (desk.drawing) desk.drawing = false;
          else if (desk.muteIn !== null) desk.muteIn = null;
          else desk.select(new Set());
        },
      },
      { keys: ['?'], title: 'Keyboard shortcuts', run: (v) => v.sheet() },
    ],
  },
];

const byCombo = new Map<string, Key>();
for (const group of GROUPS)
  for (const key of group.keys) for (const k of key.keys) byCombo.set(k, key);

function spoken(desk: ReviewSession): Spoken | null {
  if (desk.spoken === null) toast('This recording has no transcript.');
  return desk.spoken;
}

function proposal(view: View, direction: 1 | -1): void {
  const said = spoken(view.desk);
  if (said === null) return;
  view.tab(3);
  said.next(direction);
}

function correct(view: View): void {
  const said = spoken(view.desk);
  if (said === null) return;
  view.tab(3);
  said.edit();
}

function second({ desk }: View, by: number): void {
  desk.player.pause();
  desk.player.seekSeconds(desk.clock.middle(desk.player.frame) + by);
}

/** The name of a key press in the table. */
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

/** Handles a key press; `false` if the key has no meaning here. */
export function press(event: KeyboardEvent, view: View, singleKeys: boolean): boolean {
  const combo = comboOf(event);
  const key = byCombo.get(combo);
  if (key === undefined || isTyping(event)) return false;
  const character = combo.length === 1 || combo.startsWith('Shift+');
  if (character && !singleKeys && combo !== '?') return false;
  key.run(view);
  return true;
}

/** Keys that edit text together with Ctrl. */
const EDITING = /^([acvxyz]|Arrow\w+|Home|End|Backspace|Delete)$/i;

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog') !== null) return true;
  const field = target.closest('input, select, textarea');
  if (field instanceof HTMLInputElement && ['checkbox', 'radio', 'range'].includes(field.type)) {
    return event.key === ' ' || event.key.startsWith('Arrow');
  }
  if (field !== null) {
    const ctrl = event.ctrlKey || event.metaKey;
    // Undo, select all and the like belong to the text; Ctrl+S and others to the review.
    if (ctrl) return !(field instanceof HTMLSelectElement) && EDITING.test(event.key);
    return event.key !== 'Escape';
  }
  // Buttons and links handle Space and Enter themselves, tabs the arrows.
  if (event.key === ' ' && target.closest('button, a, [role="tab"], label') !== null) return true;
  return event.key.startsWith('Arrow') && target.closest('[role="tablist"]') !== null;
}

/** A key for display: `Shift+ArrowLeft` as `Shift ←`. */
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
  // The plus sign is also a key.
  const pieces = combo === '+' ? ['+'] : combo.split('+');
  return pieces.map((p) => names[p] ?? (p.length === 1 ? p.toUpperCase() : p));
}
