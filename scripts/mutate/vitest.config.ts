import { readFileSync } from 'node:fs'
import path from 'node:path'
import type {} from 'vitest/node'
import { defineConfig, mergeConfig } from 'vitest/config'
import base from '../../vitest.config'
import { applyMutant, type Mutant } from './mutants'

/** The tests with one module changed in memory: MUTANT names its file, the place and the text that stands there instead. */
const mutant = JSON.parse(process.env['MUTANT'] ?? 'null') as Mutant | null
const file = mutant === null ? null : path.resolve(mutant.file)

export default mergeConfig(
  base,
  defineConfig({
    root: path.resolve(import.meta.dirname, '../..'),
    // What one run transformed serves the next: hundreds of runs differ in one module.
    test: { experimental: { fsModuleCache: true, fsModuleCachePath: 'build/mutate' } },
    plugins: [
      {
        name: 'one-mutant',
        enforce: 'pre',
        configureVitest({ experimental_defineCacheKeyGenerator: keyOf }) {
          keyOf(({ id }) => (id.split('?')[0] === file ? false : null))
        },
        load(id: string) {
          if (mutant === null || id.split('?')[0] !== file) return null
          return applyMutant(readFileSync(file, 'utf8'), mutant)
        }
      }
    ]
  })
)
