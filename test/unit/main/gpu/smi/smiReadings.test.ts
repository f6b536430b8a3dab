import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startSmiReadings } from '@main/gpu/smi/smiReadings'
import type { Spawn } from '@main/gpu/smi/smiProcess'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const row = (at: number): string => `2026/11/29 12:00:00.${String(at).padStart(3, '0')}, 0, ${50 + at} W\n`

describe('readings of a fast nvidia-smi', () => {
  afterEach(() => void vi.useRealTimers())

  /** A program whose output the test writes, and the numbers of rows that came together. */
  function begin() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] })
    const child = Object.assign(new EventEmitter(), {
      ...{ stdout: new PassThrough(), stderr: new PassThrough(), pid: 1, kill: () => true }
    })
    const batches: number[] = []
    const onEnd = vi.fn()
    startSmiReadings({
      smi: { path: 'nvidia-smi', file: 'nvidia-smi', leadingArguments: [] },
      spawn: (() => child) as unknown as Spawn,
      ...{ args: [], fields: ['timestamp', 'index', 'power.draw'], intervalMs: 10, nowMs: () => 0 },
      ...{ onRows: (rows) => void batches.push(rows.length), onMalformed: () => undefined, onEnd }
    })
    const print = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at++) child.stdout.write(row(at))
      await turn()
    }
    child.stdout.write('timestamp, index, power.draw [W]\n')
    return { child, batches, onEnd, print }
  }

  it('are read together, some ten times a second, and to the last one when it ends', async () => {
    const { child, batches, onEnd, print } = begin()
    // A driver that starts slowly takes nothing from the time in which rows are read at once.
    await vi.advanceTimersByTimeAsync(5_000)
    await print(0, 3)
    // At first each row as it comes.
    expect(batches).toEqual([1, 1, 1])
    await vi.advanceTimersByTimeAsync(2_000)
    await print(3, 53)
    expect(batches).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(97)
    expect(batches.slice(3)).toEqual([50])
    await print(53, 60)
    child.emit('exit', 0)
    child.stdout.end()
    await turn()
    child.emit('close', 0)
    expect(batches.slice(4).reduce((sum, rows) => sum + rows, 0)).toBe(7)
    expect(onEnd).toHaveBeenCalledWith(expect.objectContaining({ rows: 60 }))
  })
})
