import { describe, expect, it } from 'vitest'
import type { Conversation } from '@core/board/conversation'
import { MonitorClient } from '@core/board/monitorClient'
import { AppError } from '@shared/errors'

/** Runs a conversation with a board that never says a word; returns what was sent, the waits and the error. */
function withSilence(conversation: Conversation<unknown>): {
  frames: number
  waitedMs: number
  error: AppError
} {
  let frames = 0
  let waitedMs = 0
  try {
    for (
      let next = conversation.next(new Uint8Array(0));
      next.done !== true;
      next = conversation.next(new Uint8Array(0))
    ) {
      const step = next.value
      // A frame begins with its two bytes of synchronisation; what clears the line does not.
      if (step.kind === 'send' && step.bytes[0] === 0xb5 && step.bytes[1] === 0x62) frames++
      else if (step.kind === 'receive') waitedMs += step.timeoutMs
    }
  } catch (cause) {
    return { frames, waitedMs, error: AppError.from(cause) }
  }
  throw new Error('silence was taken for a reply')
}

describe('a board that never replies', () => {
  // Hello is sent four times at most: a connection waits for it.
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [8, 4]
  ])('gets as many requests as allowed (%i: %i), and no more', (attempts, asked) => {
    const client = new MonitorClient({ timing: { replyMs: 100, workingMs: 1000, attempts } })
    const { frames, waitedMs, error } = withSilence(client.hello(1))
    expect(frames).toBe(asked)
    expect(waitedMs).toBe(100 * asked)
    expect(error.code).toBe('board.notMonitor')
  })
})
