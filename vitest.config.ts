import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { configDefaults, defineConfig } from 'vitest/config'
import { mockedTests } from './test/support/mockedTests.ts'

const here = (folder: string): string => fileURLToPath(new URL(folder, import.meta.url))
const mocked = mockedTests('test/unit')

export default defineConfig({
  root: here('.'),
  plugins: [vue()],
  resolve: {
    alias: {
      '@shared': here('./src/shared'),
      '@core': here('./src/core'),
      '@main': here('./src/main'),
      '@renderer': here('./src/renderer')
    }
  },
  test: {
    // Far above what any test needs on an idle machine: on a busy one a limit that is near fails by chance.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    // Simulators, QEMU and Chromium share two cores in CI: more workers only make each of them late.
    maxWorkers: 2,
    projects: [
      {
        // The modules of a worker are shared by its files: to load the sources for each would take longer than the tests.
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...mocked],
          isolate: false
        }
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/unit/**']
        }
      },
      { extends: true, test: { name: 'mocked', include: mocked } }
    ]
  }
})
