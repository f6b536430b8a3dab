import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { createRandom } from '../../src/core/math/random'
import { mutantsOf, type Mutant } from './mutants'

/** Folders around the nouns of main: hosts, the command line and what wires services together are no services. */
const aroundServices = new Set(['cli', 'hosts', 'wiring'])

/** Folders by the names that `--module` knows beside paths. */
function foldersOf(module: string): string[] {
  if (module === 'core') return ['src/core']
  if (module !== 'services') return [module]
  return readdirSync('src/main', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !aroundServices.has(entry.name))
    .map(({ name }) => `src/main/${name}`)
}

/**
 * Every mutant of a module, without those that scripts/mutate/equivalent.json lists, and `count` of them by the seed.
 * @param module a file or folder, or `core`, or `services`: the nouns of src/main
 */
export function chooseMutants(
  module: string,
  count: number,
  seed: number
): { readonly all: number; readonly chosen: Mutant[] } {
  const equivalent = JSON.parse(readFileSync('scripts/mutate/equivalent.json', 'utf8')) as {
    readonly file: string
    readonly change: string
    /** The line of the change, where the file has others of the same words. */
    readonly line?: string
  }[]
  const all = foldersOf(module)
    .flatMap(filesOf)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      const lines = text.split('\n')
      const known = equivalent.filter((one) => one.file === file)
      return mutantsOf(file, text).filter(
        ({ change, line }) =>
          !known.some(
            (one) => one.change === change && (one.line === undefined || one.line === lines[line - 1]!.trim())
          )
      )
    })
  return { all: all.length, chosen: createRandom(seed).shuffle(all).slice(0, count) }
}

function filesOf(folder: string): string[] {
  if (statSync(folder).isFile()) return [folder]
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => filesOf(path.posix.join(folder, entry.name)))
    .sort()
}

/** Files of tests below a folder, without their ending: the unit tests that need no page. */
export function unitTests(folder = 'test/unit'): string[] {
  return testsIn(folder).filter((file) => !file.startsWith('test/unit/renderer/'))
}

/** Files of tests of test/integration that stand at the place of a module's noun in `layer`. */
export function longTests(modules: readonly string[], layer: 'core' | 'main'): string[] {
  const nouns = new Set(modules.map((module) => module.split('/')[2]!.replace(/\.ts$/, '')))
  return [...nouns].sort().flatMap((noun) => testsIn(`test/integration/${layer}/${noun}`))
}

function testsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return filesOf(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
}
