import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../..')
const from = (file: string): string => path.relative(root, file)

/** Modules of Node that start processes or open sockets. */
const forbidden = /^(?:node:)?(?:child_process|cluster|dgram|http|https|net|tls)$/
/** Makes a pipe, which takes a millisecond and leaves no process behind. */
const allowed = new Set(['test/support/namedPipe.ts'])
/** A unit test may wait this long at once, ms; longer waits belong to the virtual clock, or to test/integration. */
const maxWaitMs = 20

const imported = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)(?! type)[^'\n]*(?:\n[^'\n]*)*? from '([^'\n]+)'/gm)].map(
    ([, name]) => name!
  )

/** What a file of the tests and the files of tests that it imports need of Node, with the file that needs it. */
function needs(file: string, seen: Set<string> = new Set()): string[] {
  if (seen.has(file) || allowed.has(from(file))) return []
  seen.add(file)
  return imported(readFileSync(file, 'utf8')).flatMap((name) => {
    if (forbidden.test(name)) return [`${name} in ${from(file)}`]
    if (!name.startsWith('.')) return []
    const found = [`${name}.ts`, name, `${name}/index.ts`]
      .map((one) => path.resolve(path.dirname(file), one))
      .find((one) => one.endsWith('.ts') && existsSync(one))
    // What is tested may start processes, when a test hands it a way to; what a test needs for that is seen here.
    return found?.startsWith(path.join(root, 'test')) ? needs(found, seen) : []
  })
}

/** Waits of more than the limit, as written, of a file that does not replace the timers. */
function longWaits(text: string): string[] {
  if (text.includes('useFakeTimers')) return []
  return [...text.matchAll(/(?:setTimeout|setInterval)\([^;\n]*?, *([\d_]+) *\)/g)]
    .filter(([, ms]) => Number(ms!.replaceAll('_', '')) > maxWaitMs)
    .map(([call]) => call)
}

/** Calls that replace a module for everyone who shares it. */
const replaced = (text: string): string[] => text.match(/\bvi\.(?:mock|doMock|resetModules)\(/g) ?? []

const tests = readdirSync(path.join(root, 'test/unit'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.join(root, 'test/unit', file))

describe('tests in test/unit', () => {
  it('start no process and open no socket: such tests stand in test/integration', () => {
    const started = tests.flatMap((file) => needs(file).map((what) => `${from(file)}: ${what}`))
    expect(tests.length).toBeGreaterThan(300)
    expect(started).toEqual([])
  })

  it('wait for no clock', () => {
    const own = tests.filter((file) => file !== import.meta.filename)
    const waits = own.flatMap((file) =>
      longWaits(readFileSync(file, 'utf8')).map((call) => `${from(file)}: ${call}`)
    )
    expect(waits).toEqual([])
  })

  it('replace no module: they share the modules of their worker', () => {
    const own = tests.filter((file) => file !== import.meta.filename)
    const calls = own.flatMap((file) =>
      replaced(readFileSync(file, 'utf8')).map((call) => `${from(file)}: ${call}`)
    )
    expect(calls).toEqual([])
  })

  it('would be found', () => {
    expect(
      imported("import { spawn } from 'node:child_process'\nimport type { Socket } from 'node:net'\n")
    ).toEqual(['node:child_process'])
    expect(imported("import {\n  a,\n  b\n} from '../x'\nexport { c } from './y'\n")).toEqual(['../x', './y'])
    const wait = (ms: string): string => `await new Promise((resolve) => setTimeout(resolve, ${ms}))`
    expect(longWaits(wait('20'))).toEqual([])
    expect(longWaits(wait('1_000'))).toHaveLength(1)
    expect(longWaits(`vi.useFakeTimers()\n${wait('1_000')}`)).toEqual([])
    expect(replaced("vi.mock('electron')\nvi.mocked(stat)\n  vi.resetModules()")).toEqual([
      'vi.mock(',
      'vi.resetModules('
    ])
    const rig = path.join(root, 'test/integration/main/workload/workloadRig.ts')
    expect(needs(rig)).toContain('node:child_process in test/fixtures/smi/standIn.ts')
  })
})
