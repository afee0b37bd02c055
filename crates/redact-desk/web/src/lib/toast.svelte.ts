// Short messages at the bottom of the page, announced by screen readers.

export interface Toast {
  id: number;
  text: string;
  tone: 'info' | 'ok' | 'warn' | 'bad';
  action: { label: string; act: () => void } | null;
}

export const toasts = $state<{ list: Toast[] }>({ list: [] });
let last = 0;

export function toast(
  text: string,
  tone: Toast['tone'] = 'info',
  action: Toast['action'] = null,
): void {
  last += 1;
  const id = last;
  // One at a time: a new message replaces the old one.
  toasts.list = [{ id, text, tone, action }];
  setTimeout(() => dismiss(id), tone === 'bad' || tone === 'warn' ? 9000 : 4500);
}

export function dismiss(id: number): void {
  toasts.list = toasts.list.filter((t) => t.id !== id);
}
