import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const source = (folder: string): string => fileURLToPath(new URL(`./src/${folder}`, import.meta.url))

/** Limits of every run of tests. */
export const limits = {
  // Far above what any test needs on an idle machine: on a busy one a limit that is near fails by chance.
  testTimeout: 120_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 30_000 } },
  // Simulators, QEMU and Chromium share two cores in CI: more workers only make each of them late.
  maxWorkers: 2
}

export default defineConfig({
  plugins: [vue()],
  resolve: {
    alias: {
      '@shared': source('shared'),
      '@core': source('core'),
      '@main': source('main'),
      '@renderer': source('renderer')
    }
  },
  test: {
    include: ['test/**/*.test.ts'],
    ...limits
  }
})
