import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { withSwitches, type Numbered } from './schemata'

/** Writes tests and sources to build/mutate/code as Node loads them, with all mutants in them, each behind its switch. */
export async function translateWithMutants(
  tests: readonly string[],
  numbered: readonly Numbered[]
): Promise<void> {
  const outDir = 'build/mutate/code'
  rmSync(outDir, { recursive: true, force: true })
  const within = new Map<string, Numbered[]>()
  for (const one of numbered) {
    const file = path.resolve(one.mutant.file)
    within.set(file, [...(within.get(file) ?? []), one])
  }
  const switches = {
    name: 'mutants-behind-switches',
    enforce: 'pre',
    load(id: string) {
      const file = id.split('?')[0]!
      const here = within.get(file)
      return here === undefined ? null : withSwitches(readFileSync(file, 'utf8'), here)
    }
  }
  // By its address: this file is bundled, and the other one finds the repository by its own place.
  const address = pathToFileURL(path.resolve('scripts/unitBundle.mjs')).href
  const { bundleUnitTests } = (await import(address)) as {
    bundleUnitTests(options: object): Promise<void>
  }
  await bundleUnitTests({ tests: [...tests], outDir, plugins: [switches], sourcemap: false })
}
