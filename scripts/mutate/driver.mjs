// Runs the test files of a mutation run in vitest's workers. Every mutant imports the modules by a symbolic link of its own to the
// translated tests (build/mutate/fresh/<number>): Node caches modules by path, so no state of one mutant is seen by the next.
import { appendFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, vi } from 'vitest'

// Taken before any test replaces the timers.
const { hrtime } = process
const immediate = setImmediate
const nowMs = () => Number(hrtime.bigint()) / 1e6
const folder = path.resolve('build/mutate')

const load = (number, file) =>
  import(pathToFileURL(path.join(folder, 'fresh', String(number), `${file}.js`)).href)

/** A test's name below that of its file. */
function nameOf(test) {
  const names = []
  for (let one = test; one.suite; one = one.suite) names.unshift(one.name)
  return names.join(' > ')
}

/** Gives the worker back as it was; an error that nothing awaited fails the run. */
function leaveNothing() {
  const lost = []
  const note = (error) => lost.push(error)
  const environment = { ...process.env }
  beforeAll(() => {
    process.on('unhandledRejection', note)
  })
  afterAll(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
    Object.assign(process.env, environment)
    await new Promise((resolve) => immediate(resolve))
    process.off('unhandledRejection', note)
    if (lost.length > 0) throw lost[0]
  })
}

/**
 * Runs a file of tests with no mutant on and appends to build/mutate/reach.jsonl which mutants each of its tests evaluates:
 * `always`: at loading and in hooks, `tests`: name, ms, mutants and whether it failed.
 * @param count mutants in the translated sources, numbered from 1
 */
export function observe(file, number, count) {
  const seen = new Uint8Array(count + 1)
  const take = () => {
    const ids = [...seen.keys()].filter((id) => seen[id] === 1)
    seen.fill(0)
    return ids
  }
  globalThis.__mutant = (id) => {
    seen[id] = 1
    return false
  }
  const always = new Set()
  const keep = () => take().forEach((id) => always.add(id))
  const tests = []
  const started = nowMs()
  afterAll(() => {
    keep()
    const line = { file, ms: nowMs() - started, always: [...always], tests }
    appendFileSync(path.join(folder, 'reach.jsonl'), `${JSON.stringify(line)}\n`)
  })
  leaveNothing()
  let from = 0
  beforeEach(() => {
    keep()
    from = nowMs()
  })
  afterEach(({ task }) => {
    const isFailed = task.result?.state === 'fail'
    tests.push({ name: nameOf(task), ms: nowMs() - from, ids: take(), isFailed })
  })
  describe(file, () => load(number, file))
}

/**
 * Runs tests that reach a mutant with it on; after the first that fails the others are left out.
 * @param groups files of tests, each with the names of its tests to run or null for all of them
 * @param isUnchanged shows them none: whatever fails then is a fault of the mutation run
 */
export function drive(id, groups, isUnchanged) {
  const on = isUnchanged ? 0 : id
  globalThis.__mutant = (other) => other === on
  leaveNothing()
  let isNoticed = false
  beforeEach((context) => {
    const [file] = groups.filter(({ file }) => isBelow(context.task, file))
    if (isNoticed || (file.tests !== null && !file.tests.includes(nameOf(context.task)))) context.skip()
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') isNoticed = true
  })
  for (const { file } of groups) describe(file, () => load(id, file))
}

function isBelow(test, file) {
  let top = test
  while (top.suite) top = top.suite
  return top.name === file
}

/** The work of a test file that carries only its number: build/mutate/work.json says what it stands for. */
export function work(number) {
  const { count, isUnchanged, items } = JSON.parse(readFileSync(path.join(folder, 'work.json'), 'utf8'))
  const item = items[number]
  if (item.observe !== undefined) observe(item.observe, item.fresh, count)
  else drive(item.id, item.groups, isUnchanged)
}
