import { defineConfig } from 'vitest/config'
import { limits } from './vitest.config.ts'

const built = 'build/unit/test/unit'

/** `npm run test:unit`: the unit tests as scripts/unitBundle.mjs translated them, on modules that files share. */
export default defineConfig({
  test: {
    ...limits,
    isolate: false,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // One after the other: a worker is kept only while the next file belongs to the same project.
    projects: [
      {
        extends: true,
        test: {
          ...{ name: 'node', include: [`${built}/**/*.test.js`], exclude: [`${built}/renderer/**`] },
          sequence: { groupOrder: 0 }
        }
      },
      {
        extends: true,
        test: {
          ...{ name: 'page', include: [`${built}/renderer/**/*.test.js`] },
          environment: 'happy-dom',
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
})
