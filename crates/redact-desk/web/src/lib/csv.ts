// Spreadsheets, as text that no spreadsheet program computes.

/**
 * A cell in quotation marks. An apostrophe stands before what would be a formula: at the start, and
 * after characters that some programs take for the start of a cell.
 */
export function csvCell(value: string | number): string {
  const text = String(value).replace(/[\r\n]+/g, ' ');
  const safe =
    typeof value === 'number'
      ? text
      : text.replace(/^(?=[;,\t])/, "'").replace(/(^|[;,\t] *)(?=[=+\-@])/g, "$1'");
  return `"${safe.replaceAll('"', '""')}"`;
}

export const csvText = (rows: (string | number)[][]): string =>
  `\uFEFF${rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')}`;

/** Saves a text as a file of this browser. */
export function saveFile(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
