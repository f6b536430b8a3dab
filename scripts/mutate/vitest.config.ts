import path from 'node:path'
import { defineConfig } from 'vitest/config'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run reports to the process that started it. */
export interface RunEvent {
  readonly event: 'begun' | 'alive' | 'ended'
  /** Number of the work, as in build/mutate/work.json. */
  readonly work: number
  /** Whether a test failed, or a module or hook ended with an error; of 'ended' alone. */
  readonly isFailed?: boolean
}

const workOf = ({ moduleId }: TestModule): number => Number(path.basename(moduleId).split('.')[0])
const send = (event: RunEvent): void => void process.send?.(event)
const toParent: Reporter = {
  onTestModuleQueued: (module) => send({ event: 'begun', work: workOf(module) }),
  onTestCaseResult: ({ module }) => send({ event: 'alive', work: workOf(module) }),
  onTestModuleEnd: (module) =>
    send({ event: 'ended', work: workOf(module), isFailed: module.state() === 'failed' })
}

/** Runs of scripts/mutate/session.ts: Node loads what was translated, and one worker stays for all files of a run. */
export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, '../..'),
    include: ['build/mutate/work/*.test.js'],
    reporters: [toParent],
    isolate: false,
    maxWorkers: 1,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // Links to the translated tests stand for modules of their own; an endless list ends soon.
    execArgv: ['--preserve-symlinks', '--max-old-space-size=3000'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    dangerouslyIgnoreUnhandledErrors: true
  }
})
