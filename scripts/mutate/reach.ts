import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

/** What the tests of one file evaluate with no mutant on; times in ms. */
export interface FileReach {
  /** Path from the repository's root, without its ending. */
  readonly file: string
  readonly ms: number
  /** Mutants that its modules or hooks evaluate, whichever of its tests runs. */
  readonly always: readonly number[]
  readonly tests: readonly {
    readonly name: string
    readonly ms: number
    readonly ids: readonly number[]
    readonly isFailed: boolean
  }[]
}

/** Tests of one file that evaluate a mutant; `tests`: null for all of the file. */
export interface Reaching {
  readonly file: string
  readonly tests: readonly string[] | null
  /** Of the longest of its tests, ms. */
  readonly longestMs: number
}

const record = 'build/mutate/reach.jsonl'

/** Forgets what an earlier run recorded. */
export function clearReach(): void {
  rmSync(record, { force: true })
}

/** What the observed files recorded; those that did not end have no line. */
export function readReach(): FileReach[] {
  return readFileSync(record, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FileReach)
}

/** The files whose tests evaluate a mutant of `module`, the nearest first and among equally near ones the quickest. */
export function reachingOf(id: number, module: string, reach: readonly FileReach[]): Reaching[] {
  const found = reach.flatMap(({ file, always, tests }) => {
    const isAlways = always.includes(id)
    const reaching = tests.filter(({ ids }) => isAlways || ids.includes(id))
    if (reaching.length === 0) return []
    const ms = reaching.reduce((sum, test) => sum + test.ms, 0)
    const longestMs = Math.max(...reaching.map((test) => test.ms))
    return [{ file, tests: isAlways ? null : reaching.map(({ name }) => name), ms, longestMs }]
  })
  return found
    .sort((a, b) => nearness(module, b.file) - nearness(module, a.file) || a.ms - b.ms)
    .map(({ file, tests, longestMs }) => ({ file, tests, longestMs }))
}

/** How many folders a module and a file of tests have in common, counted below their layer; the module's own tests are nearest. */
export function nearness(module: string, test: string): number {
  const [, ...of] = module.replace(/\.ts$/, '').split('/')
  const [, , ...by] = path.posix
    .join(test)
    .replace(/\.test$/, '')
    .split('/')
  let common = 0
  while (common < of.length && of[common] === by[common]) common++
  return common
}
