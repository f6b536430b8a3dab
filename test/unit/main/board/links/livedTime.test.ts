import { describe, expect, it } from 'vitest'
import type { Conversation } from '@core/board/conversation'
import { trackLivedTime } from '@main/board/links/livedTime'
import { converse } from '@main/board/runConversation'
import { createMemoryLink } from '../../../../support/memoryLink'
import { VirtualClock } from '../../../../support/virtualClock'

/** A tracker on a clock that the test moves. */
function tracked(): { lived: ReturnType<typeof trackLivedTime>; pass: (ms: number) => void } {
  let nowMs = 1_000
  return { lived: trackLivedTime(() => nowMs), pass: (ms) => void (nowMs += ms) }
}

describe('the time that a simulated board has had', () => {
  it('is its own while it executes, and never more than this computer’s', () => {
    const { lived, pass } = tracked()
    lived.report({ running: true, totalMs: 10, heard: 0 })
    pass(500)
    expect(lived.livedMs()).toBe(0)
    lived.report({ running: true, totalMs: 30, heard: 0 })
    expect(lived.livedMs()).toBe(20)
    // Faster than the real board would be.
    pass(5)
    lived.report({ running: true, totalMs: 930, heard: 0 })
    expect(lived.livedMs()).toBe(25)
  })

  it('stands still until the board has heard what was sent', () => {
    const { lived, pass } = tracked()
    lived.report({ running: false, totalMs: 10, heard: 0 })
    pass(40)
    expect(lived.livedMs()).toBe(40)
    lived.sent()
    pass(3_000)
    expect(lived.livedMs()).toBe(40)
    lived.report({ running: true, totalMs: 10, heard: 1 })
    pass(100)
    lived.report({ running: false, totalMs: 16, heard: 1 })
    pass(7)
    expect(lived.livedMs()).toBe(53)
  })

  it('counts on after a reset, and for a board that is stuck', () => {
    const { lived, pass } = tracked()
    lived.report({ running: true, totalMs: 900, heard: 0 })
    pass(100)
    lived.report({ running: true, totalMs: 12, heard: 0 })
    expect(lived.livedMs()).toBe(12)
    pass(60_000)
    expect(lived.livedMs()).toBe(12)
    pass(250)
    expect(lived.livedMs()).toBe(262)
  })
})

describe('a conversation with a simulated board', () => {
  function* waitOnce(): Conversation<number> {
    return (yield { kind: 'receive', timeoutMs: 800 }).length
  }

  it('waits until the board has had the time, not this computer', async () => {
    const clock = new VirtualClock()
    const { link, peer } = createMemoryLink()
    // A twentieth of this computer's time.
    const slow = { ...link, livedMs: () => clock.nowMs() / 20 }
    clock.after(10_000, () => peer.send(Uint8Array.of(1, 2)))
    expect(await clock.run(converse(slow, waitOnce(), { clock }))).toBe(2)
    expect(clock.nowMs()).toBe(10_000)
  })

  it('still gives up a board that had its time and says nothing', async () => {
    const clock = new VirtualClock()
    const { link } = createMemoryLink()
    const slow = { ...link, livedMs: () => clock.nowMs() / 20 }
    expect(await clock.run(converse(slow, waitOnce(), { clock }))).toBe(0)
    expect(clock.nowMs()).toBeGreaterThanOrEqual(16_000)
    expect(clock.nowMs()).toBeLessThan(17_000)
  })
})
