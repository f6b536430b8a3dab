import { readFileSync } from 'node:fs'
import path from 'node:path'
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
    plugins: [
      {
        name: 'one-mutant',
        enforce: 'pre',
        load(id: string) {
          if (mutant === null || id.split('?')[0] !== file) return null
          return applyMutant(readFileSync(file, 'utf8'), mutant)
        }
      }
    ]
  })
)
