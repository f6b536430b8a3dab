// Small changes of the code (a comparison, a sign, min for max, a constant), one at a time and in memory: do the tests of
// the module notice? Which changes are tried follows from the seed.
//   npm run mutate -- [--module src/core/energy] [--mutants 100] [--seed 1] [--least 80] [--near]
// A change counts as noticed when a test fails or runs out of time. Tried in turn, until one fails: the test file of the
// module's own name below test/unit and test/integration, those of its folder, every test file that imports the module. Tests that fail without
// a change would notice everything: they are left out, and reported. Exit 1 below --least percent.
// --near leaves out the test files that merely import the module: minutes shorter, and a lower bound of what is noticed.
// scripts/mutate/equivalent.json lists changes that change nothing, with the reason; they are not tried.
// (StrykerJS 10 needs Node 22, and this project runs on 20.)
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { processGroupOf } from '../src/main/files/processGroup'
import { createRandom } from '../src/core/math/random'
import { mutantsOf, type Mutant } from './mutate/mutants'
import { selectionsOf } from './mutate/selections'

const { values } = parseArgs({
  options: {
    module: { type: 'string', default: 'src/core' },
    mutants: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    least: { type: 'string', default: '0' },
    near: { type: 'boolean', default: false }
  }
})
/** A test run that takes longer counts as noticed: the change made it endless. */
const longestRunMs = 300_000

const equivalent = JSON.parse(readFileSync('scripts/mutate/equivalent.json', 'utf8')) as {
  file: string
  change: string
  reason: string
}[]
const files = filesOf(values.module).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
const all = files
  .flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')))
  .filter(({ file, change }) => !equivalent.some((known) => known.file === file && known.change === change))
const chosen = createRandom(Number(values.seed)).shuffle(all).slice(0, Number(values.mutants))

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

/** Selections that noticed a change once, and whether they pass without one. */
const passesUnchanged = new Map<string, boolean>()
let noticed = 0
const survivors: Mutant[] = []
for (const [index, mutant] of chosen.entries()) {
  const isNoticed = await isNoticedBy(mutant, selectionsOf(mutant.file, values.near))
  if (isNoticed) noticed++
  else survivors.push(mutant)
  process.stderr.write(
    `${index + 1}/${chosen.length} ${isNoticed ? 'noticed' : 'SURVIVED'} ${nameOf(mutant)}\n`
  )
}
for (const mutant of survivors) console.log(`survived: ${nameOf(mutant)}`)
const percent = chosen.length === 0 ? 100 : (100 * noticed) / chosen.length
console.log(
  `${noticed} of ${chosen.length} changes noticed (${percent.toFixed(0)} %) in ${values.module}, seed ${values.seed}, of ${all.length} possible`
)
if (percent < Number(values.least)) process.exitCode = 1

function nameOf({ file, line, change }: Mutant): string {
  return `${file}:${line} ${change}`
}

function filesOf(folder: string): string[] {
  if (statSync(folder).isFile()) return [folder]
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => filesOf(path.posix.join(folder, entry.name)))
    .sort()
}

/** Whether one of the selections that pass without the change fails with it. */
async function isNoticedBy(mutant: Mutant, selections: readonly string[][]): Promise<boolean> {
  for (const selection of selections) {
    const key = selection.join(' ')
    if (passesUnchanged.get(key) === false || !(await fails(mutant, selection))) continue
    if (!passesUnchanged.has(key)) passesUnchanged.set(key, !(await fails(null, selection)))
    if (passesUnchanged.get(key) === true) return true
    process.stderr.write(`left out, they fail without any change: vitest ${key}\n`)
  }
  return false
}

/** Whether a test of the selection fails; `mutant`: null for the module as it is. */
async function fails(mutant: Mutant | null, which: readonly string[]): Promise<boolean> {
  const vitest = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      ...which,
      '--bail=1',
      '--reporter=dot',
      '--config=scripts/mutate/vitest.config.ts',
      '--passWithNoTests'
    ],
    // A group of its own: an endless change keeps a worker of vitest busy that outlives vitest itself.
    { stdio: 'ignore', detached: true, env: { ...process.env, MUTANT: JSON.stringify(mutant) } }
  )
  const endGroup = processGroupOf(vitest).kill
  process.once('exit', endGroup)
  const timer = setTimeout(endGroup, longestRunMs)
  const [status] = (await once(vitest, 'exit')) as [number | null]
  clearTimeout(timer)
  endGroup()
  process.off('exit', endGroup)
  return status !== 0
}
