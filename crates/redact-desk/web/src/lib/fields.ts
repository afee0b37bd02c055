// Text fields of the inspector. What is typed belongs to what was selected when it was typed.

/** Commits the field that is being edited. Called before the selection changes. */
export function commitField(): void {
  const field = document.activeElement;
  const text = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
  if (text && field.closest('[data-commits]') !== null) field.blur();
}

/** Enter commits a field; Escape restores what was there. */
export function fieldKeys(event: KeyboardEvent, value: string): void {
  const field = event.currentTarget;
  if (!(field instanceof HTMLInputElement)) return;
  if (event.key === 'Escape') field.value = value;
  else if (event.key !== 'Enter') return;
  event.preventDefault();
  field.blur();
}
