// The page is built into `dist/`, which the server embeds. Its content security policy allows no
// inline code or style and no `data:` address, so nothing is inlined.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 500,
  },
  server: {
    // For work on the page: `redact desk` runs beside it. The server checks Host and Origin.
    proxy: {
      '/api': {
        target: process.env['REDACT_DESK'] ?? 'http://127.0.0.1:8443',
        changeOrigin: true,
        headers: { 'sec-fetch-site': 'same-origin' },
      },
    },
  },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'bench',
          include: ['tests/bench/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'checker',
          include: ['tests/checker/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
