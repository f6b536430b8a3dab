import { expect, it } from 'vitest'
import type { Conversation, Received } from '@core/board/conversation'
import { MonitorClient } from '@core/board/monitorClient'
import { createRandom } from '@core/math/random'
import { SimulatedBoard } from './simulatedBoard'

const bridgeBytes = 2_048

/** A serial-to-TCP bridge without flow control: between two looks at the line it keeps no more than its buffer. */
function* throughBridge<T>(conversation: Conversation<T>): Conversation<T> {
  let held = 0
  let answer: Received = new Uint8Array(0)
  for (;;) {
    const next = conversation.next(answer)
    if (next.done === true) return next.value
    const step = next.value
    if (step.kind === 'send') {
      const kept = step.bytes.subarray(0, Math.max(0, bridgeBytes - held))
      held += kept.length
      answer = yield { kind: 'send', bytes: kept }
    } else {
      if (step.kind === 'receive') held = 0
      answer = yield step
    }
  }
}

it('an upload through a bridge with a buffer of two kilobytes repeats few of its requests', () => {
  const board = new SimulatedBoard()
  const client = new MonitorClient()
  const random = createRandom(4)
  const bytes = Uint8Array.from({ length: 60_000 }, () => random.integer(256))
  const info = board.converse(client.hello(1))
  board.converse(throughBridge(client.upload(info.ram.low, bytes)))
  expect(Buffer.compare(board.converse(client.read(info.ram.low, 5_000)), bytes.subarray(0, 5_000))).toBe(0)
  // 59 pieces; with 32 requests always outstanding most of them were lost and sent again, several times over.
  expect(client.statistics.repeats).toBeLessThan(30)
})
