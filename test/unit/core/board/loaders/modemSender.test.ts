import { describe, expect, it } from 'vitest'
import type { Step } from '@core/board/conversation'
import { modem } from '@core/board/loaders/modemBlock'
import {
  awaitCrcWish,
  cancelBytes,
  sendBlock,
  sendContent,
  sendEnd,
  type SendState
} from '@core/board/loaders/modemSender'
import { createReceiver, type Part, type Receiver } from '@core/board/loaders/receiver'

const { ack, nak, can, crcWish: wish, eot } = modem
const noise = 0x7f
const silence = null

/**
 * Drives a part of a transfer: each time it listens it gets the next bytes; silence is an empty list. Returns its result, what
 * it sent, how long it listened, and its pauses.
 */
function drive<T>(part: (receiver: Receiver) => Part<T>, replies: readonly (number | null | number[])[]) {
  const sent: number[][] = []
  const timeouts: number[] = []
  const steps: string[] = []
  const progress: [number, number][] = []
  const left = [...replies]
  const running = part(createReceiver())
  let received = new Uint8Array(0)
  for (;;) {
    const { done, value } = running.next(received)
    if (done) return { result: value, sent, timeouts, steps, progress, left }
    const step: Step = value
    steps.push(step.kind)
    received = new Uint8Array(0)
    if (step.kind === 'send') sent.push([...step.bytes])
    if (step.kind === 'progress') progress.push([step.doneBytes, step.totalBytes])
    if (step.kind !== 'receive') continue
    timeouts.push(step.timeoutMs!)
    const next = left.length === 0 ? silence : left.shift()!
    received = next === silence ? new Uint8Array(0) : Uint8Array.from([next].flat())
  }
}
const repeated = (count: number, byte: number | null): (number | null)[] =>
  Array.from({ length: count }, () => byte)

describe('the request of a receiver', () => {
  const waiting = (...replies: (number | null)[]) => drive((receiver) => awaitCrcWish(receiver, 500), replies)
  it('is C, after noise too; what stands behind it is thrown away after 40 ms', () => {
    const { steps, timeouts } = waiting(noise, can, noise, can, wish)
    expect(steps.slice(-2)).toEqual(['pause', 'discard'])
    expect(timeouts).toEqual([500, 500, 500, 500, 500])
  })
  it('is refused without CRC, by CAN twice in a row, and by silence', () => {
    expect(() => waiting(nak)).toThrow(/checksum XMODEM/)
    expect(() => waiting(can, can)).toThrow(/cancelled the transfer \(CAN\) at the start/)
    expect(() => waiting(can, silence)).toThrow(/No receiver asked for blocks/)
  })
  it('does not come among 4,096 bytes of something else', () => {
    const count = 4096
    expect(() => waiting(...repeated(count, noise), wish)).toThrow(/No receiver/)
    expect(waiting(...repeated(count - 1, noise), wish).steps.at(-1)).toBe('discard')
  })
})

describe('a block', () => {
  const state = (): SendState => ({ repeatedBlocks: 0 })
  const sending = (replies: (number | null)[], own = state(), isFirst = false) => ({
    own,
    ...drive((receiver) => sendBlock(receiver, Uint8Array.of(1, 2), 'block 7', own, isFirst), replies)
  })
  it('is sent once where it is acknowledged, also behind noise', () => {
    const { sent, own, timeouts } = sending([noise, ack])
    expect([sent, own.repeatedBlocks, timeouts]).toEqual([[[1, 2]], 0, [10_000, 10_000]])
  })
  it.each([nak, wish, silence])('is repeated after %s', (reply) => {
    const { sent, own } = sending([reply, reply, ack])
    expect([sent.length, own.repeatedBlocks]).toEqual([3, 2])
  })
  it('is repeated after 2 s where it is the first', () => {
    expect(sending([silence, ack], state(), true).timeouts).toEqual([2_000, 2_000])
  })
  it('is given up after ten tries', () => {
    const own = state()
    expect(sending([...repeated(9, nak), ack], own).sent).toHaveLength(10)
    expect(own.repeatedBlocks).toBe(9)
    expect(() => sending([...repeated(10, nak), ack])).toThrow(/did not acknowledge block 7 in 10 tries/)
  })
  it('is given up at once by CAN twice in a row, not by one among noise', () => {
    expect(() => sending([can, can, ack])).toThrow(/\(CAN\) block 7/)
    expect(sending([can, noise, can, ack]).sent).toHaveLength(1)
  })
})

describe('the content', () => {
  const send = (length: number) => {
    const content = Uint8Array.from({ length }, (_, at) => at)
    const { sent, progress, timeouts } = drive(
      (receiver) => sendContent(receiver, content, { repeatedBlocks: 0 }),
      repeated(99, ack)
    )
    return {
      sizes: sent.map((block) => block.length - 5),
      numbers: sent.map(([, number]) => number),
      progress,
      timeouts,
      sent
    }
  }
  it('goes in blocks of 1 KiB numbered from 1, a rest of up to seven small ones in those', () => {
    expect(send(1024).sizes).toEqual([1024])
    expect(send(1023).sizes).toEqual([1024])
    expect(send(7 * 128).sizes).toEqual(repeated(7, 128))
    expect(send(7 * 128 + 1).sizes).toEqual([1024])
    const { sizes, numbers, progress, timeouts, sent } = send(2 * 1024 + 130)
    expect(sizes).toEqual([1024, 1024, 128, 128])
    expect(numbers).toEqual([1, 2, 3, 4])
    expect(progress).toEqual([
      [1024, 2178],
      [2048, 2178],
      [2176, 2178],
      [2178, 2178]
    ])
    expect(timeouts).toEqual([2_000, 10_000, 10_000, 10_000])
    // The last two bytes of content are 2176 and 2177 modulo 256; SUB fills the block.
    expect(sent[3]!.slice(3, 7)).toEqual([128, 129, 0x1a, 0x1a])
  })
  it('of nothing is nothing', () => {
    expect(send(0).sizes).toEqual([])
  })
})

describe('the end', () => {
  const ending = (...replies: (number | null)[]) => drive((receiver) => sendEnd(receiver), replies)
  it('is confirmed, at the second EOT too', () => {
    const { result, sent, timeouts } = ending(nak, noise, ack)
    expect([result, sent, timeouts[0]]).toEqual([true, [[eot], [eot]], 2_000])
  })
  it('is no failure where the receiver left: EOT is sent three times', () => {
    expect(ending(silence, nak, silence, ack)).toMatchObject({ result: false, sent: [[eot], [eot], [eot]] })
  })
  it('is refused by CAN twice in a row', () => {
    expect(() => ending(can, can)).toThrow(/at the end of the file/)
    expect(ending(can, noise, can, ack).result).toBe(true)
  })
})

it('a cancel is CAN five times and as many backspaces', () => {
  expect([...cancelBytes]).toEqual([...repeated(5, 0x18), ...repeated(5, 0x08)])
})
