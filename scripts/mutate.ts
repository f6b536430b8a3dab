// Small changes of the code (a comparison, a sign, min for max, a constant), one at a time: do the tests notice?
// Which changes are tried follows from the seed.
//   npm run mutate -- [--module core|services|PATH] [--mutants 100] [--seed 1] [--least 80] [--long | --far] [--tests FOLDER] [--workers 2]
// All chosen changes are translated into the unit tests' modules at once, each behind a switch (mutate/schemata.ts). The
// tests run once with none on, which says what each test evaluates; then every change is shown to the tests that
// evaluate it, the nearest first, until one fails. A change counts as noticed when a test fails or does not end.
// Tests that fail without a change would notice everything: they are left out, and reported. Exit 1 below --least percent.
// What unit tests do not notice is shown to the tests of the same noun in test/integration: with --long to those of core,
// with --far to those of core and main, which take minutes.
// --tests shows changes to the unit tests below a folder alone: what a module's own tests notice, in a minute instead of six.
// --unchanged switches none of the changes on, so none may be noticed: a check of the run itself.
// scripts/mutate/equivalent.json lists changes that change nothing, with the reason; they are not tried.
// (StrykerJS 10 needs Node 22, and this project runs on 20.)
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chooseMutants, longTests, unitTests } from './mutate/choose'
import { clearReach, reachingOf, readReach, type FileReach, type Reaching } from './mutate/reach'
import type { Numbered } from './mutate/schemata'
import { runWorks, type Work } from './mutate/session'
import { translateWithMutants } from './mutate/translate'

const { values } = parseArgs({
  options: {
    module: { type: 'string', default: 'core' },
    mutants: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    least: { type: 'string', default: '0' },
    long: { type: 'boolean', default: false },
    far: { type: 'boolean', default: false },
    tests: { type: 'string' },
    unchanged: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' }
  }
})
/** A file of tests that shows no sign of life for this long is left out. */
const observeLimitMs = 180_000
/** A mutant is noticed when a test takes longer than this and than ten times what it takes without. */
const leastLimitMs = 30_000
/** How many files of tests a mutant is shown to at a time: all of them are loaded before the first one runs. */
const groupSizes = [1, 4, 16]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

refuseBeside()
const { all, chosen } = chooseMutants(values.module, Number(values.mutants), Number(values.seed))
const numbered = chosen.map((mutant, index) => ({ id: index + 1, mutant }))
const session = { count: chosen.length, workers: Number(values.workers), isUnchanged: values.unchanged }
const modules = chosen.map(({ file }) => file)
const stages = [
  unitTests(values.tests),
  values.long || values.far ? longTests(modules, 'core') : [],
  values.far ? longTests(modules, 'main') : []
]
const startedMs = performance.now()
report(`${chosen.length} of ${all} possible changes: translating`)
await translateWithMutants(stages.flat(), numbered)

const reached = new Set<number>()
let left: readonly Numbered[] = numbered
for (const tests of stages) {
  if (left.length === 0 || tests.length === 0) continue
  left = await unnoticedBy(left, await observed(tests))
}

for (const { id, mutant } of left) {
  const how = reached.has(id) ? 'survived' : 'no test evaluates'
  console.log(`${how}: ${mutant.file}:${mutant.line} ${mutant.change}`)
}
const noticed = chosen.length - left.length
const percent = chosen.length === 0 ? 100 : (100 * noticed) / chosen.length
const byTests = values.tests === undefined ? '' : `, by the tests below ${values.tests} alone`
const unreached = chosen.length - reached.size
console.log(
  `${noticed} of ${chosen.length} changes noticed (${percent.toFixed(0)} %) in ${values.module}, seed ${values.seed}${byTests}, ` +
    `of ${all} possible; ${unreached} are evaluated by no test; ${minutes()} min`
)
if (percent < Number(values.least)) process.exitCode = 1

/** Runs tests with no mutant on; returns what those that pass evaluate. */
async function observed(tests: readonly string[]): Promise<FileReach[]> {
  clearReach()
  report(`recording what ${tests.length} files of tests evaluate`)
  // Each with modules of its own, as when a mutant is shown: what is evaluated once at loading is seen everywhere.
  const works = tests.map((observe, index) => ({ observe, fresh: index, limitMs: observeLimitMs }))
  const broken = new Set<string>()
  await runWorks(works, session, (work, outcome) => {
    if (outcome !== 'passed') broken.add((work as { observe: string }).observe)
  })
  return readReach().flatMap((reach) => {
    if (!broken.has(reach.file)) return [reach]
    const failed = reach.tests.filter(({ isFailed }) => isFailed).map(({ name }) => name)
    report(`left out, it fails without any change: ${reach.file}: ${failed.join('; ')}`)
    return []
  })
}

/** Shows mutants to the tests that evaluate them; returns those that none noticed. */
async function unnoticedBy(mutants: readonly Numbered[], reach: readonly FileReach[]): Promise<Numbered[]> {
  const waiting = new Map<number, Reaching[]>()
  for (const { id, mutant } of mutants) {
    const reaching = reachingOf(id, mutant.file, reach)
    if (reaching.length > 0) reached.add(id)
    waiting.set(id, reaching)
  }
  const noticed = new Set<number>()
  for (let round = 0; ; round++) {
    const size = groupSizes[Math.min(round, groupSizes.length - 1)]!
    const works = [...waiting].flatMap(([id, reaching]): Work[] => {
      const groups = noticed.has(id) ? [] : reaching.splice(0, size)
      const limitMs = Math.max(leastLimitMs, ...groups.map(({ longestMs }) => 10 * longestMs))
      return groups.length === 0 ? [] : [{ id, groups, limitMs }]
    })
    if (works.length === 0) break
    await runWorks(works, session, (work, outcome) => {
      if (outcome !== 'passed') noticed.add((work as { id: number }).id)
    })
    report(`round ${round + 1}: ${works.length} shown, ${noticed.size} of ${mutants.length} noticed`)
  }
  return mutants.filter(({ id }) => !noticed.has(id))
}

/** Two runs would write over each other's translation. */
function refuseBeside(): void {
  const file = 'build/mutate/pid'
  mkdirSync('build/mutate', { recursive: true })
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    // 0 would be this process and its group.
    if (!(pid > 0)) throw new Error('no process is named')
    process.kill(pid, 0)
    console.error(
      `Another mutation run (process ${pid}) uses build/mutate of this checkout: wait for it, or end it.`
    )
    process.exit(2)
  } catch {
    writeFileSync(file, String(process.pid))
    process.once('exit', () => rmSync(file, { force: true }))
  }
}

function report(text: string): void {
  process.stderr.write(`${minutes()} min: ${text}\n`)
}

function minutes(): string {
  return ((performance.now() - startedMs) / 60_000).toFixed(1)
}
