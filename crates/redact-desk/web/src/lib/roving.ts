// A list with one tab stop: arrows move the focus among its items.
import type { Attachment } from 'svelte/attachments';

interface Options {
  items: string; // a selector
  keys?: readonly [back: string, on: string];
}

export function roving({ items, keys = ['ArrowUp', 'ArrowDown'] }: Options): Attachment {
  return (node) => {
    const all = (): HTMLElement[] => [...node.querySelectorAll<HTMLElement>(items)];
    /** Only one item is a tab stop: the focused one, else the chosen one, else the first. */
    const settle = (): void => {
      const list = all();
      const stop =
        list.find((item) => item === document.activeElement) ??
        list.find((item) => item.matches('[aria-pressed="true"], [aria-current="true"]')) ??
        list[0];
      for (const item of list) {
        const wanted = item === stop ? '0' : '-1';
        if (item.getAttribute('tabindex') !== wanted) item.setAttribute('tabindex', wanted);
      }
    };
    const press = (event: Event): void => {
      if (!(event instanceof KeyboardEvent) || event.ctrlKey || event.altKey || event.shiftKey)
        return;
      const by = event.key === keys[0] ? -1 : event.key === keys[1] ? 1 : 0;
      const list = all();
      const at = list.findIndex((item) => item === document.activeElement);
      if (by === 0 || at < 0) return;
      event.preventDefault();
      list[Math.max(0, Math.min(list.length - 1, at + by))]?.focus();
      settle();
    };
    settle();
    const observer = new MutationObserver(settle);
    observer.observe(node, { childList: true, subtree: true, attributeFilter: ['aria-pressed'] });
    node.addEventListener('keydown', press);
    node.addEventListener('focusin', settle);
    return () => {
      observer.disconnect();
      node.removeEventListener('keydown', press);
      node.removeEventListener('focusin', settle);
    };
  };
}
