import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { processGroupOf } from '../../src/main/files/processGroup'
import type { RunEvent } from './vitest.config'

/** One test file of a run: `observe` records what a file of tests reaches, `drive` shows a mutant to tests. */
export type Work = { readonly limitMs: number } & (
  | { readonly observe: string; readonly fresh: number }
  | {
      readonly id: number
      readonly groups: readonly { readonly file: string; readonly tests: readonly string[] | null }[]
    }
)

/** How a work ended; 'lost': its process ended or was ended after `limitMs` without a sign of life. */
export type Outcome = 'passed' | 'failed' | 'lost'

/** A process is renewed after this many works: modules that were loaded are never freed. */
const worksPerProcess = 30
/** Starts of one process that may end before any work began, on a loaded machine for instance. */
const mostVainStarts = 3
const folder = 'build/mutate'

/** What all works of a mutation run have in common. */
export interface Session {
  /** Mutants in the translated tests (build/mutate/code). */
  readonly count: number
  /** Processes of vitest at a time. */
  readonly workers: number
  /** Shows no mutant: whatever is noticed then is a fault of the run itself. */
  readonly isUnchanged: boolean
}

/** Runs every work once; `onOutcome` is called as each ends. */
export async function runWorks(
  works: readonly Work[],
  { count, workers, isUnchanged }: Session,
  onOutcome: (work: Work, outcome: Outcome) => void
): Promise<void> {
  prepare(works, { count, isUnchanged })
  const waiting = [...works.keys()]
  const size = Math.max(1, Math.min(worksPerProcess, Math.ceil(waiting.length / (2 * workers))))
  const slot = async (): Promise<void> => {
    for (let numbers = waiting.splice(0, size); numbers.length > 0; numbers = waiting.splice(0, size))
      await runAll(numbers, works, onOutcome)
  }
  await Promise.all(Array.from({ length: workers }, slot))
}

/** A file per work, and for each mutant a link to the translated tests that makes modules of its own. */
function prepare(works: readonly Work[], common: Omit<Session, 'workers'>): void {
  const driver = path.resolve('scripts/mutate/driver.mjs')
  for (const one of ['work', 'fresh']) {
    rmSync(path.join(folder, one), { recursive: true, force: true })
    mkdirSync(path.join(folder, one), { recursive: true })
  }
  writeFileSync(path.join(folder, 'work.json'), JSON.stringify({ ...common, items: works }))
  const fresh = new Set(works.map((work) => ('observe' in work ? work.fresh : work.id)))
  for (const one of fresh) symlinkSync(path.resolve(folder, 'code'), path.join(folder, 'fresh', String(one)))
  for (const number of works.keys()) {
    const text = `import { work } from ${JSON.stringify(driver)}\nwork(${number})\n`
    writeFileSync(path.join(folder, 'work', `${number}.test.js`), text)
  }
}

/** Runs works in one process, and in a new one those that a lost work left. */
async function runAll(
  numbers: readonly number[],
  works: readonly Work[],
  onOutcome: (work: Work, outcome: Outcome) => void
): Promise<void> {
  const left = new Set(numbers)
  const settle = (number: number, outcome: Outcome): void => {
    if (left.delete(number)) onOutcome(works[number]!, outcome)
  }
  let vainStarts = 0
  while (left.size > 0) {
    const before = left.size
    const begun = await runOnce([...left], works, settle)
    if (begun !== null) settle(begun, 'lost')
    // Nothing of a mutant is loaded before its work begins: one that never began was not noticed by any test.
    else if (left.size === before && ++vainStarts === mostVainStarts)
      throw new Error(`vitest began no work in ${mostVainStarts} starts: see whether it runs, and the load.`)
  }
}

/** One process of vitest; returns the work that had begun and not ended when it ended, or null. */
async function runOnce(
  numbers: readonly number[],
  works: readonly Work[],
  settle: (number: number, outcome: Outcome) => void
): Promise<number | null> {
  const files = numbers.map((number) => `${folder}/work/${number}.test.js`)
  const vitest = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config=scripts/mutate/vitest.config.ts', ...files],
    // A group of its own: an endless mutant keeps a worker of vitest busy that outlives vitest itself.
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true }
  )
  const { kill } = processGroupOf(vitest)
  process.once('exit', kill)
  let begun: number | null = null
  const startMs = 60_000
  let timer = setTimeout(kill, startMs)
  vitest.on('message', (message) => {
    const { event, work, isFailed } = message as RunEvent
    clearTimeout(timer)
    timer = setTimeout(kill, event === 'ended' ? startMs : works[work]!.limitMs)
    if (event === 'begun') begun = work
    if (event !== 'ended') return
    settle(work, isFailed === true ? 'failed' : 'passed')
    if (begun === work) begun = null
  })
  await once(vitest, 'exit')
  clearTimeout(timer)
  kill()
  process.off('exit', kill)
  return begun
}
