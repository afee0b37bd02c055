// The theme: light, dark or the system's. The choice is stored in this browser.
import { stored, store } from './storage';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'redact.theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function read(): Theme {
  const value = stored(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const theme = $state({ choice: read(), dark: false });

export function applyTheme(): void {
  theme.dark = theme.choice === 'system' ? prefersDark.matches : theme.choice === 'dark';
  document.documentElement.dataset['theme'] = theme.dark ? 'dark' : 'light';
}

export function chooseTheme(choice: Theme): void {
  theme.choice = choice;
  store(KEY, choice === 'system' ? null : choice);
  applyTheme();
}

prefersDark.addEventListener('change', applyTheme);
