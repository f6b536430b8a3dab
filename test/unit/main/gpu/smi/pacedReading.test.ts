import { EventEmitter } from 'node:events'
import { getDefaultHighWaterMark, Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startSmiReadings } from '@main/gpu/smi/smiReadings'
import type { Spawn } from '@main/gpu/smi/smiProcess'

/** How often the pipe of nvidia-smi is read, on a pipe like Node's: what is printed waits until the stream wants it. */
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function fakeProcess() {
  let waiting = ''
  let isWanted = false
  let wakeUps = 0
  let stdout!: Readable
  const deliver = (): void => {
    if (!isWanted || waiting === '') return
    const text = waiting
    ;[waiting, isWanted] = ['', false]
    wakeUps++
    stdout.push(text)
  }
  const child = Object.assign(new EventEmitter(), { pid: 1, kill: () => true })
  const spawn = (() => {
    stdout = new Readable({
      read() {
        isWanted = true
        queueMicrotask(deliver)
      }
    })
    return Object.assign(child, { stdout, stderr: null })
  }) as unknown as Spawn
  return {
    spawn,
    print(text: string) {
      waiting += text
      deliver()
    },
    end() {
      child.emit('exit', 0)
      stdout.push(null)
    },
    close: () => void child.emit('close', 0),
    wakeUps: () => wakeUps
  }
}

it('wakes up twice per period and leaves no row behind, from two seconds after the first row on', async () => {
  const usual = getDefaultHighWaterMark(false)
  const smi = fakeProcess()
  const startMs = Date.now()
  let printed = 0
  /** When each row came, and how old it was then, ms. */
  const came: { atMs: number; ageMs: number }[] = []
  const readings = startSmiReadings({
    smi: { path: 'nvidia-smi', file: 'nvidia-smi', leadingArguments: [] },
    spawn: smi.spawn,
    args: [],
    fields: ['timestamp', 'index', 'power.draw'],
    intervalMs: 10,
    nowMs: () => 0,
    onRows(rows) {
      const atMs = Date.now() - startMs
      for (const { values } of rows) came.push({ atMs, ageMs: atMs - 10 * values[0] })
    },
    onMalformed: () => undefined,
    onEnd: () => undefined
  })
  // Other streams of this process are as they were.
  expect(getDefaultHighWaterMark(false)).toBe(usual)
  const printFor = async (rows: number): Promise<void> => {
    for (let row = 0; row < rows; row++) {
      smi.print(`2026/03/01 10:00:00.000, 0, ${printed++} W\n`)
      await vi.advanceTimersByTimeAsync(10)
    }
  }
  await printFor(200)
  // At once.
  expect(Math.max(...came.map(({ ageMs }) => ageMs))).toBe(0)
  await printFor(20)
  const before = smi.wakeUps()
  came.length = 0
  await printFor(970)
  expect(smi.wakeUps() - before).toBe(200)
  // The newest row of each reading is younger than an interval (and the millisecond that setImmediate takes here): the delay
  // between two clocks is found with it.
  const newest = came.filter(({ atMs }, at) => (came[at + 1]?.atMs ?? Infinity) - atMs > 1)
  expect(newest).toHaveLength(100)
  expect(Math.max(...newest.map(({ ageMs }) => ageMs))).toBeLessThanOrEqual(11)
  smi.end()
  await vi.advanceTimersByTimeAsync(1)
  smi.close()
  const last = came.at(-1)
  expect((last?.atMs ?? NaN) - (last?.ageMs ?? NaN)).toBe(10 * (printed - 1))
  readings.end()
})
