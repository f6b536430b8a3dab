import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ChildProcess } from 'node:child_process'
import { expect, it, vi } from 'vitest'
import { openStageRunner } from '@main/workload/process/stageRunner'

const command = { file: 'runner', args: [], env: {} }
const stage = { name: 'outputTokens', is: { min: 1, max: 8 } }

/** A runner that prints these times of tokens for every configuration. */
function runnerOf(decodePerTokenMs: readonly number[]) {
  const child = Object.assign(new EventEmitter(), {
    ...{ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() },
    kill: () => child.emit('close', 0, null)
  })
  const print = (event: object): boolean => child.stdout.write(`${JSON.stringify(event)}\n`)
  child.stdin.on('data', (bytes: Buffer) => {
    const request = JSON.parse(bytes.toString()) as { do: string; id: string }
    if (request.do === 'stop') return void child.emit('close', 0, null)
    print({ event: 'stages', id: request.id, stagesMs: { prefill: 2 }, decodePerTokenMs })
    print({ event: 'done', id: request.id })
  })
  print({ event: 'hello', protocol: 1, runner: 'r', runtime: 'r 1', device: 'cpu', precisions: ['fp32'] })
  print({ event: 'knobs', knobs: [stage], stages: ['prefill', 'decode'] })
  print({ event: 'plan', steps: [] })
  return child as unknown as ChildProcess
}

it('refuses a configuration with another count of times than of tokens: their sum would be too small', async () => {
  const opened = await openStageRunner(() => runnerOf([1, 2]), command, new AbortController().signal)
  const measure = (outputTokens: number | null) => opened.measure({ knobs: {}, outputTokens }, 1)
  expect(await measure(2)).toEqual({ times: [{ stagesMs: { prefill: 2 }, decodePerTokenMs: [1, 2] }] })
  expect(await measure(3)).toEqual({ refused: 'The runner printed 2 times of tokens for 3 output tokens.' })
  expect(await measure(null)).toMatchObject({ refused: expect.stringContaining('for no output tokens') })
  await opened.stop()
})

it('starts no runner for what was stopped already', async () => {
  const spawn = vi.fn()
  await expect(openStageRunner(spawn, command, AbortSignal.abort())).rejects.toThrow()
  expect(spawn).not.toHaveBeenCalled()
})
