import { describe, expect, it } from 'vitest'
import type { Conversation } from '@core/board/conversation'
import { converse } from '@main/board/runConversation'
import { createConsoleLog } from '@main/board/consoleLog'
import { createMemoryLink } from '../../../support/memoryLink'
import { VirtualClock } from '../../../support/virtualClock'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('converse', () => {
  it('performs every step and resumes with what came', async () => {
    const { link, peer } = createMemoryLink()
    peer.onBytes = (sent) => peer.send(bytes(sent[0]! + 1))
    const progress: number[] = []
    function* talk(): Conversation<number[]> {
      yield { kind: 'send', bytes: bytes(1) }
      const first = yield { kind: 'receive', timeoutMs: 1_000 }
      yield { kind: 'progress', doneBytes: 1, totalBytes: 2 }
      const silence = yield { kind: 'receive', timeoutMs: 5 }
      yield { kind: 'send', bytes: bytes(7) }
      yield { kind: 'pause', durationMs: 5 }
      yield { kind: 'discard' }
      const discarded = yield { kind: 'receive', timeoutMs: 5 }
      return [...first, silence.length, discarded.length]
    }
    const result = await converse(link, talk(), { onProgress: ({ doneBytes }) => progress.push(doneBytes) })
    expect(result).toEqual([2, 0, 0])
    expect(progress).toEqual([1])
  })

  it('lets a cancelled conversation tidy up, and ends one that will not', async () => {
    const { link, peer } = createMemoryLink()
    const controller = new AbortController()
    function* polite(): Conversation<void> {
      try {
        for (;;) yield { kind: 'receive', timeoutMs: 60_000 }
      } catch (error) {
        yield { kind: 'send', bytes: bytes(0x18) }
        throw error
      }
    }
    const talking = converse(link, polite(), { signal: controller.signal })
    controller.abort()
    await expect(talking).rejects.toMatchObject({ code: 'job.cancelled' })
    expect([...peer.take()]).toEqual([0x18])
  })

  it('ends a conversation beyond its limit, however much keeps coming', async () => {
    const { link, peer } = createMemoryLink()
    const chatter = setInterval(() => peer.send(bytes(0x43)), 5)
    function* endless(): Conversation<void> {
      for (;;) yield { kind: 'receive', timeoutMs: 1_000 }
    }
    try {
      await expect(converse(link, endless(), { stallMs: 60 })).rejects.toMatchObject({
        code: 'board.timeout'
      })
    } finally {
      clearInterval(chatter)
    }
  })

  it('goes on beyond a limit that follows progress while more is confirmed, and ends when nothing more is', async () => {
    const clock = new VirtualClock()
    const { link } = createMemoryLink()
    function* slow(steps: number, last: number): Conversation<string> {
      for (let step = 1; step <= steps; step++) {
        yield { kind: 'pause', durationMs: 900 }
        yield { kind: 'progress', doneBytes: Math.min(step, last), totalBytes: steps }
      }
      return 'done'
    }
    const talk = (steps: number, last = steps): Promise<string> =>
      clock.run(converse(link, slow(steps, last), { stallMs: 1_000, clock }))
    expect(await talk(50)).toBe('done')
    // The same bytes over and over are no progress.
    const stalled = talk(50, 20)
    await expect(stalled).rejects.toMatchObject({
      code: 'board.timeout',
      message: expect.stringContaining('nothing more for 1 s') as string
    })
    expect(clock.nowMs()).toBeLessThan(45_000 + 20 * 900 + 10_000)
  })

  it('tells of a line that ends, after handing over what came before', async () => {
    const { link, peer } = createMemoryLink()
    const heard: number[] = []
    function* listen(): Conversation<void> {
      for (;;) heard.push(...(yield { kind: 'receive', timeoutMs: 60_000 }))
    }
    const talking = converse(link, listen())
    peer.send(bytes(1, 2, 3))
    peer.unplug()
    await expect(talking).rejects.toMatchObject({
      code: 'board.disconnected',
      message: expect.stringContaining('plug')
    })
    expect(heard).toEqual([1, 2, 3])
  })
})

describe('console log', () => {
  it('numbers, batches and bounds the traffic, and keeps split characters whole', async () => {
    const batches: { text: string }[][] = []
    const log = createConsoleLog({ nowMs: () => 0, onBatch: (chunks) => batches.push(chunks) })
    const euro = new TextEncoder().encode('€')
    log.bytes('received', euro.slice(0, 1))
    log.bytes('received', euro.slice(1))
    log.note('unplugged')
    expect(log.after(0).map((chunk) => chunk.text)).toEqual(['€', 'unplugged'])
    expect(log.after(1)).toHaveLength(1)
    expect(log.after(0)[0]!.hex).toBe('e282ac')
    log.close()
    expect(batches.flat().map((chunk) => chunk.text)).toEqual(['€', 'unplugged'])
    for (let count = 0; count < 5_000; count++) log.note(String(count))
    expect(log.after(0).length).toBeLessThanOrEqual(4_000)
    expect(log.droppedChunks).toBeGreaterThan(0)
    log.clear()
    expect(log.after(0)).toEqual([])
    log.close()
  })
})
