// Spreadsheets, as text that no spreadsheet program computes.

/** A cell in quotation marks; what begins like a formula gets an apostrophe. */
export function csvCell(value: string | number): string {
  const text = String(value)
    .replaceAll('"', '""')
    .replace(/[\r\n]+/g, ' ');
  return `"${/^[=+\-@\t]/.test(text) && typeof value === 'string' ? "'" : ''}${text}"`;
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
