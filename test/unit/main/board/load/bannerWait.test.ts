import { describe, expect, it } from 'vitest'
import type { Conversation } from '@core/board/conversation'
import { readDescription } from '@core/board/description/readDescription'
import { litexBoardCsv } from '@core/sim/boards/litexBoard'
import { bootMonitor } from '@main/board/load/boardBoot'
import type { BoardSession } from '@main/board/boardSession'
import { readFileSync } from 'node:fs'
import { resourcePath } from '@main/paths'

/** A LiteX board whose BIOS takes the image in `loadMs`; returns how long a monitor may then be silent. */
async function silenceAfter(loadMs: number): Promise<number> {
  let nowMs = 1_000
  const found: unknown[] = [{ kind: 'litex' }, { frameBytes: 64, window: 1, repeatedFrames: 0, jumped: true }]
  let waits = NaN
  const session = {
    async converse(conversation: Conversation<unknown>) {
      if (found.length === 1) nowMs += loadMs
      if (found.length > 0) return found.shift()
      const step = conversation.next(new Uint8Array(0)).value
      waits = (step as { timeoutMs: number }).timeoutMs
      return null
    },
    describe: () => undefined,
    hello: () => Promise.reject(new Error('enough'))
  } as unknown as BoardSession
  const booted = bootMonitor(session, {
    loader: 'auto',
    description: readDescription(new TextEncoder().encode(litexBoardCsv())),
    readMonitor: async (name, ending = 'bin') =>
      new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
    nowMs: () => nowMs,
    signal: new AbortController().signal,
    onProgress: () => undefined
  })
  await expect(booted).rejects.toThrow('enough')
  return waits
}

describe('the wait for a monitor that was started', () => {
  it('is as long as its load, where that was slow: the core may be', async () => {
    expect(await silenceAfter(75_000)).toBe(75_000)
  })

  it('is never shorter than ten seconds nor longer than three minutes', async () => {
    expect(await silenceAfter(9)).toBe(10_000)
    expect(await silenceAfter(3_600_000)).toBe(180_000)
  })
})
