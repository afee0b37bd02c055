// Zooming into the picture, and moving it. Places in the picture are fractions of it, from 0 to 1.

const LEVEL_MAX = 16;

/** What is left of the picture in its window: sizes and offsets in CSS pixels. */
export interface Placed {
  width: number; // of the window
  height: number;
  sheetWidth: number; // of the picture
  sheetHeight: number;
  left: number; // of the picture, relative to the window; never positive
  top: number;
}

export class PictureZoom {
  /** How many times larger than fitted. */
  level = $state(1);
  /** Which place of the picture is in the middle. */
  x = $state(0.5);
  y = $state(0.5);
  /** Space is held down: a drag moves the picture. */
  held = $state(false);
  /** Whether the picture was moved while Space was held. */
  moved = false;
  // The room and the fitted picture, in CSS pixels.
  #room = $state.raw({ width: 1, height: 1 });
  #fitted = $state.raw({ width: 1, height: 1 });

  placed = $derived.by((): Placed => {
    const sheetWidth = Math.round(this.#fitted.width * this.level);
    const sheetHeight = Math.round(this.#fitted.height * this.level);
    const width = Math.min(this.#room.width, sheetWidth);
    const height = Math.min(this.#room.height, sheetHeight);
    const offset = (middle: number, sheet: number, shown: number): number =>
      Math.round(Math.min(0, Math.max(shown - sheet, shown / 2 - middle * sheet)));
    return {
      width,
      height,
      sheetWidth,
      sheetHeight,
      left: offset(this.x, sheetWidth, width),
      top: offset(this.y, sheetHeight, height),
    };
  });

  resize(room: { width: number; height: number }, fitted: { width: number; height: number }): void {
    this.#room = room;
    this.#fitted = fitted;
  }

  /** Zooms so that the place of the picture at (`x`, `y`) stays where it is on the screen. */
  by(factor: number, x = this.x, y = this.y): void {
    const next = Math.max(1, Math.min(LEVEL_MAX, this.level * factor));
    if (next === 1) return this.fit();
    const share = this.level / next;
    this.#center(x + (this.x - x) * share, y + (this.y - y) * share, next);
  }

  fit(): void {
    this.level = 1;
    this.x = this.y = 0.5;
  }

  /** Moves the picture by CSS pixels. */
  pan(dx: number, dy: number): void {
    const { sheetWidth, sheetHeight } = this.placed;
    this.#center(this.x - dx / sheetWidth, this.y - dy / sheetHeight, this.level);
  }

  /** Moves the picture so that a box is in view, if it is not. */
  reveal([left, top, right, bottom]: readonly [number, number, number, number]): void {
    if (this.level === 1) return;
    const { width, height, sheetWidth, sheetHeight } = this.placed;
    const [halfX, halfY] = [width / sheetWidth / 2, height / sheetHeight / 2];
    const inside =
      left >= this.x - halfX &&
      right <= this.x + halfX &&
      top >= this.y - halfY &&
      bottom <= this.y + halfY;
    if (!inside) this.#center((left + right) / 2, (top + bottom) / 2, this.level);
  }

  /** The middle stays where the window is filled with picture. */
  #center(x: number, y: number, level: number): void {
    this.level = level;
    const limit = (middle: number, room: number, fitted: number): number => {
      const half = Math.min(0.5, room / (fitted * level) / 2);
      return Math.max(half, Math.min(1 - half, middle));
    };
    this.x = limit(x, this.#room.width, this.#fitted.width);
    this.y = limit(y, this.#room.height, this.#fitted.height);
  }
}
