import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTaskPool } from '@main/threads/taskPool'

/** Tasks of a worker made for these tests. `hold` ends with an abort only, `crash` throws outside of any handler. */
type TestTasks = {
  echo: { input: number; output: number }
  hold: { input: null; output: never }
  crash: { input: null; output: never }
}

const workerSource = `
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ kind, name, input }) => {
  if (kind === 'end') process.exit(0)
  if (kind === 'abort') {
    parentPort.postMessage({ kind: 'failed', error: { code: 'job.cancelled', message: 'm', hint: 'h' } })
  } else if (name === 'echo') parentPort.postMessage({ kind: 'done', output: input })
  else if (name === 'crash') setImmediate(() => { throw new Error('out of luck') })
})`

let folder: string
let workerFile: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-pool-'))
  workerFile = path.join(folder, 'worker.cjs')
  writeFileSync(workerFile, workerSource)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = (size: number): ReturnType<typeof createTaskPool<TestTasks>> =>
  createTaskPool<TestTasks>({ workerFile, size })

describe('task pool', () => {
  it('starts what waits behind a task that was cancelled while it waited', async () => {
    const pool = open(1)
    const first = new AbortController()
    const second = new AbortController()
    const running = pool.run('hold', null, { signal: first.signal })
    const waiting = pool.run('echo', 1, { signal: second.signal })
    const behind = pool.run('echo', 2)
    second.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'job.cancelled' })
    first.abort()
    await expect(running).rejects.toMatchObject({ code: 'job.cancelled' })
    await expect(behind).resolves.toBe(2)
    await pool.close()
  })

  it('fails the crashing task alone, not the one that waits behind it', async () => {
    const pool = open(1)
    const crash = pool.run('crash', null)
    const behind = [1, 2, 3].map((value) => pool.run('echo', value))
    await expect(crash).rejects.toMatchObject({ code: 'job.crashed' })
    await expect(Promise.all(behind)).resolves.toEqual([1, 2, 3])
    await pool.close()
  })

  it('keeps to its size while crashed workers are replaced', async () => {
    const pool = open(2)
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        index % 3 === 0 ? pool.run('crash', null) : pool.run('echo', index)
      )
    )
    expect(results.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? 'rejected' : 'fulfilled'))
    )
    await pool.close()
  })

  it('rejects a task whose signal was aborted before it was given', async () => {
    const pool = open(1)
    await expect(pool.run('echo', 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'job.cancelled'
    })
    await expect(pool.run('echo', 2)).resolves.toBe(2)
    await pool.close()
  })

  it('asks its workers to leave when it closes, so that none is terminated inside native code', async () => {
    const left = path.join(folder, 'left')
    const polite = path.join(folder, 'polite.cjs')
    writeFileSync(
      polite,
      `const { parentPort } = require('node:worker_threads')
       parentPort.on('message', ({ kind }) => {
         if (kind !== 'end') return
         require('node:fs').writeFileSync(${JSON.stringify(left)}, 'by itself')
         process.exit(0)
       })`
    )
    const pool = createTaskPool<TestTasks>({ workerFile: polite, size: 1 })
    const running = pool.run('hold', null)
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'job.crashed' }), pool.close()])
    expect(readFileSync(left, 'utf8')).toBe('by itself')
  })

  it('terminates a worker that does not heed the request', async () => {
    const deaf = path.join(folder, 'deaf.cjs')
    writeFileSync(deaf, `require('node:worker_threads').parentPort.on('message', () => {})`)
    const pool = createTaskPool<TestTasks>({ workerFile: deaf, size: 1 })
    const running = pool.run('hold', null)
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'job.crashed' }), pool.close()])
  })
})
