// All shortcuts of the review. The handler and the `?` dialog use this table.
import { toast } from '../lib/toast.svelte';
import type { ReviewSession } from '../review/review-session.svelte';
import type { ShapeKind } from '../review/shapes';
import type { Spoken } from '../review/spoken.svelte';

export interface View {
  desk: ReviewSession;
  /** Of the timeline. */
  zoomTime: (factor: number) => void;
  fitTime: () => void;
  louder: (factor: number) => void;
  sheet: () => void;
  pane: (direction: 1 | -1) => void;
  goTo: () => void;
  outlines: () => void;
  focusPerson: () => void;
  focusReason: () => void;
  search: () => void;
  words: () => void;
}

interface Key {
  keys: string[];
  title: string;
  run: (view: View, combo: string) => void;
}

export interface KeyGroup {
  title: string;
  keys: Key[];
}

const nudge =
  (x: number, y: number, grow: boolean) =>
  ({ desk }: View): void =>
    desk.nudge(x, y, grow);

/** The speeds of playback that are slower than the recording, and its own. */
export const PACES = [0.25, 0.5, 1] as const;

/** Pixels by which an arrow key moves an enlarged picture. */
const PAN = 60;

export const GROUPS: KeyGroup[] = [
  {
    title: 'Playback',
    keys: [
      {
        keys: ['Space'],
        title: 'Play or pause; in an enlarged picture, hold it and drag to move the picture',
        run: ({ desk }) => {
          // In an enlarged picture, releasing it plays, unless the picture was moved.
          if (desk.zoom.level > 1) desk.zoom.held = true;
          else desk.player.toggle();
        },
      },
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
        title: 'Stop',
        run: ({ desk }) => desk.player.pause(),
      },
      {
        keys: ['Shift+l'],
        title: 'Slow motion: a quarter, half or full speed',
        run: ({ desk }) => {
          const at = PACES.findIndex((pace) => pace === desk.player.pace);
          desk.player.setPace(PACES[(at + PACES.length - 1) % PACES.length]!);
        },
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
      { keys: ['Shift+g'], title: 'Go to a time or a frame', run: (v) => v.goTo() },
      {
        keys: ['z'],
        title: 'Play the selection from its first to its last frame',
        run: ({ desk }) => desk.playSelected(),
      },
      {
        keys: ['Shift+z'],
        title: 'Repeat what is played',
        run: ({ desk }) => (desk.player.loop = !desk.player.loop),
      },
      {
        keys: ['Shift+i'],
        title: 'Play only from this frame',
        run: ({ desk }) => desk.player.mark('start'),
      },
      {
        keys: ['Shift+o'],
        title: 'Play only up to this frame',
        run: ({ desk }) => desk.player.mark('end'),
      },
      {
        keys: ['Shift+x'],
        title: 'Play the whole recording',
        run: ({ desk }) => (desk.player.range = null),
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
        title: 'Next item in the list',
        run: ({ desk }) => down(desk, 1),
      },
      {
        keys: ['ArrowUp'],
        title: 'Previous item in the list',
        run: ({ desk }) => down(desk, -1),
      },
      {
        keys: ['Shift+ArrowDown', 'Shift+ArrowUp'],
        title: 'Add the next or previous track to the selection',
        run: ({ desk }, combo) => desk.extendSelection(combo.endsWith('Down') ? 1 : -1),
      },
      {
        keys: ['Ctrl+a'],
        title: 'Select all tracks in the list',
        run: ({ desk }) => desk.select(new Set(desk.tracks.map((t) => t.id))),
      },
      {
        keys: ['Shift+f'],
        title: 'List all, undecided, hidden, kept or rejected tracks',
        run: ({ desk }) => {
          desk.tab = 1;
          desk.cycleFilter();
        },
      },
      {
        keys: ['F6', 'Shift+F6'],
        title: 'Next or previous part of the screen',
        run: (v, combo) => v.pane(combo === 'F6' ? 1 : -1),
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
        keys: ['v', 'Shift+k'],
        title: 'Keep the selection visible or audible (not during playback)',
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
      {
        keys: ['Shift+s'],
        title: 'Sort faces into people',
        run: ({ desk }) => {
          desk.player.pause();
          desk.sorting = true;
        },
      },
    ],
  },
  {
    title: 'Tracks and regions',
    keys: [
      {
        keys: ['d'],
        title:
          'Draw a region: drag, or arrows, Shift and arrows, Enter; while drawing: ' +
          'R rectangle, E ellipse, P polygon',
        run: ({ desk }) => desk.toggleDrawing(true),
      },
      {
        keys: [','],
        title: 'Previous keyframe or correction',
        run: ({ desk }) => desk.nextKeyframe(-1),
      },
      {
        keys: ['.'],
        title: 'Next keyframe or correction',
        run: ({ desk }) => desk.nextKeyframe(1),
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
    title: 'Zoom',
    keys: [
      {
        keys: ['+', '='],
        title: 'Enlarge the picture',
        run: ({ desk }) => zoomPicture(desk, 1.5),
      },
      {
        keys: ['-'],
        title: 'Zoom out of the picture',
        run: ({ desk }) => zoomPicture(desk, 1 / 1.5),
      },
      { keys: ['0'], title: 'Show the whole picture', run: ({ desk }) => desk.zoom.fit() },
      {
        keys: ['Ctrl+ArrowLeft'],
        title: 'Move an enlarged picture; also right, up and down',
        run: ({ desk }) => desk.zoom.pan(PAN, 0),
      },
      { keys: ['Ctrl+ArrowRight'], title: 'Right', run: ({ desk }) => desk.zoom.pan(-PAN, 0) },
      { keys: ['Ctrl+ArrowUp'], title: 'Up', run: ({ desk }) => desk.zoom.pan(0, PAN) },
      { keys: ['Ctrl+ArrowDown'], title: 'Down', run: ({ desk }) => desk.zoom.pan(0, -PAN) },
      { keys: ['Alt+=', 'Alt++'], title: 'Enlarge the timeline', run: (v) => v.zoomTime(2) },
      { keys: ['Alt+-'], title: 'Zoom out of the timeline', run: (v) => v.zoomTime(0.5) },
      { keys: ['Alt+0'], title: 'Show the whole timeline', run: (v) => v.fitTime() },
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
      { keys: ['Shift+p'], title: 'Outlines in the preview', run: (v) => v.outlines() },
      {
        keys: ['Shift+c'],
        title: 'Compare the preview with the recording; arrows move the line',
        run: ({ desk }) => desk.toggleCompare(),
      },
      { keys: ['Ctrl+z'], title: 'Undo', run: ({ desk }) => desk.undo() },
      { keys: ['Ctrl+Shift+z', 'Ctrl+y'], title: 'Redo', run: ({ desk }) => desk.redo() },
      {
        keys: ['Ctrl+s'],
        title: 'Save now (changes are also saved automatically)',
        run: ({ desk }) => void desk.flush(),
      },
      { keys: ['1'], title: 'List: check first', run: ({ desk }) => (desk.tab = 0) },
      { keys: ['2'], title: 'List: tracks', run: ({ desk }) => (desk.tab = 1) },
      { keys: ['3'], title: 'List: sound', run: ({ desk }) => (desk.tab = 2) },
      { keys: ['4'], title: 'List: transcript', run: ({ desk }) => (desk.tab = 3) },
      { keys: ['Ctrl+Enter'], title: 'Go to approval', run: ({ desk }) => void desk.approve() },
      {
        keys: ['Escape'],
        title: 'Cancel drawing, or clear the selection',
        run: ({ desk }) => {
          if (desk.drawing) desk.stopDrawing();
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

/** The next item of the list that is open. */
function down(desk: ReviewSession, by: 1 | -1): void {
  if (desk.tab === 0) desk.stepEntry(by);
  else desk.nextTrack(by);
}

/** Enlarges the picture around what is selected, if that is in it. */
function zoomPicture(desk: ReviewSession, factor: number): void {
  const rect = desk.selectedRect(desk.player.frame);
  if (rect === null || desk.zoom.level > 1) return desk.zoom.by(factor);
  desk.zoom.by(factor, (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2);
  desk.zoom.reveal(rect);
}

function spoken(desk: ReviewSession): Spoken | null {
  if (desk.spoken === null) toast('This recording has no transcript.');
  return desk.spoken;
}

function proposal(view: View, direction: 1 | -1): void {
  const said = spoken(view.desk);
  if (said === null) return;
  view.desk.tab = 3;
  said.next(direction);
}

function correct(view: View): void {
  const said = spoken(view.desk);
  if (said === null) return;
  view.desk.tab = 3;
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
  if (view.desk.drawing && !isTyping(event) && draw(view.desk, combo)) return true;
  const key = byCombo.get(combo);
  if (key === undefined || isTyping(event)) return false;
  const character = combo.length === 1 || /^Shift\+[a-z]$/.test(combo);
  if (character && !singleKeys && combo !== '?') return false;
  key.run(view, combo);
  return true;
}

const ARROWS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Letters that choose what is drawn. */
const SHAPES: Record<string, ShapeKind> = { r: 'rectangle', e: 'ellipse', p: 'polygon' };

/**
 * Keys while a region is drawn: arrows move it, Shift and arrows resize it, Enter draws it. Of a
 * polygon, Space sets a corner and Backspace removes the last one.
 */
function draw(desk: ReviewSession, combo: string): boolean {
  const { sketch } = desk;
  const grow = combo.startsWith('Shift+');
  const arrow = ARROWS[grow ? combo.slice('Shift+'.length) : combo];
  const kind = SHAPES[combo];
  if (arrow !== undefined) desk.arrow(...arrow, grow);
  else if (kind !== undefined) desk.chooseShape(kind);
  else if (combo === 'Enter') desk.commitDrawing();
  else if (combo === 'Space' && sketch.cursor !== null) desk.addCorner(sketch.cursor);
  else if (combo === 'Backspace' && sketch.kind === 'polygon') sketch.removeCorner();
  else return false;
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
    const moves = field.type === 'range' && /^(Home|End|Page\w+)$/.test(event.key);
    return event.key === ' ' || event.key.startsWith('Arrow') || moves;
  }
  if (field !== null) {
    const ctrl = event.ctrlKey || event.metaKey;
    // Undo, select all and the like belong to the text; Ctrl+S and others to the review.
    if (ctrl) return !(field instanceof HTMLSelectElement) && EDITING.test(event.key);
    return !['Escape', 'F6'].includes(event.key);
  }
  // Buttons and links handle Space and Enter themselves, tabs the arrows.
  const button = target.closest('button, a, [role="tab"], label') !== null;
  if (event.key === ' ' && button) return true;
  if (!event.key.startsWith('Arrow') || event.altKey) return false;
  return target.closest('[role="tablist"], [role="slider"]') !== null;
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
  const pieces = combo.endsWith('+')
    ? [...combo.slice(0, -1).split('+').filter(Boolean), '+']
    : combo.split('+');
  return pieces.map((p) => names[p] ?? (p.length === 1 ? p.toUpperCase() : p));
}
