// Breaks a transcript into lines of one height, so that of 40,000 words only those in view exist in
// the page, and any word's place is known.
import type { Paragraph, Reading } from './transcript';

/** The head of a paragraph (no tokens), or a line of it: tokens `from` to `to`, half-open. */
export interface Line {
  paragraph: Paragraph;
  head: boolean;
  from: number;
  to: number;
}

export interface Layout {
  lines: readonly Line[];
  /** The line of each token. */
  lineOf: Int32Array;
}

/**
 * Lays out all tokens in lines of `width` pixels. `measure` is the width of a text without spaces
 * around it; `space` is that of the space after each. A longer token has a line of its own.
 */
export function layOut(
  reading: Reading,
  textOf: (place: number) => string,
  width: number,
  measure: (text: string) => number,
  space: number,
): Layout {
  const lines: Line[] = [];
  const lineOf = new Int32Array(reading.tokens.length);
  for (const paragraph of reading.paragraphs) {
    lines.push({ paragraph, head: true, from: paragraph.from, to: paragraph.from });
    let from = paragraph.from;
    let used = 0;
    for (let i = paragraph.from; i < paragraph.to; i += 1) {
      const own = measure(textOf(i));
      if (i > from && used + own > width) {
        lines.push({ paragraph, head: false, from, to: i });
        from = i;
        used = 0;
      }
      used += own + space;
      lineOf[i] = lines.length;
    }
    lines.push({ paragraph, head: false, from, to: paragraph.to });
  }
  return { lines, lineOf };
}

/** The token of a line that is closest to the one at `place` in its own line. */
export function sameColumn(layout: Layout, place: number, line: Line): number {
  const own = layout.lines[layout.lineOf[place]!]!;
  const share = (place - own.from) / Math.max(1, own.to - own.from);
  return Math.min(line.to - 1, line.from + Math.floor(share * (line.to - line.from)));
}

/** The next line with tokens in that direction, `null` at the end. */
export function nextLine(layout: Layout, place: number, by: number): Line | null {
  const step = Math.sign(by);
  let at = layout.lineOf[place]! + by;
  at = Math.max(0, Math.min(layout.lines.length - 1, at));
  while (layout.lines[at]?.head === true) at += step;
  return layout.lines[at] ?? null;
}
