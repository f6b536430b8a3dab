import { describe, expect, it } from 'vitest'
import { createFaultLink, type LineFaults } from '@main/board/links/faultLink'
import { createMemoryLink } from '../../../../support/memoryLink'
import { VirtualClock } from '../../../../support/virtualClock'

function bench(sending: LineFaults, seed = 1) {
  const clock = new VirtualClock()
  const { link, peer } = createMemoryLink()
  const faulty = createFaultLink(link, { seed, sending }, clock)
  const chunks: number[][] = []
  peer.onBytes = (bytes) => void chunks.push([...bytes])
  /** Writes, lets all delays pass, and returns what came over. */
  const send = async (...bytes: number[]): Promise<number[]> => {
    await clock.run(faulty.write(Uint8Array.from(bytes)))
    return [...peer.take()]
  }
  return { clock, peer, faulty, chunks, send }
}
const many = Array.from({ length: 2_000 }, (_, at) => at & 0xff)
const none = {
  ...{
    drop: 0,
    flip: 0,
    duplicate: 0,
    garbage: 0,
    split: 0,
    reorder: 0,
    repeat: 0,
    delay: 0,
    cut: 0,
    stuck: 0
  }
}

describe('a line with faults', () => {
  it('without any is a line', async () => {
    const { faulty, send } = bench({ dropPerByte: 0, delayPerChunk: 0 })
    expect(await send(...many)).toEqual(many)
    expect([faulty.injected, faulty.descriptor.lossy]).toEqual([none, true])
  })

  it('drops, turns a bit of, or doubles every byte where that is certain', async () => {
    const dropping = bench({ dropPerByte: 1 })
    expect([await dropping.send(1, 2, 3), dropping.faulty.injected]).toEqual([[], { ...none, drop: 3 }])
    const doubling = bench({ duplicatePerByte: 1 })
    expect([await doubling.send(1, 2), doubling.faulty.injected]).toEqual([
      [1, 1, 2, 2],
      { ...none, duplicate: 2 }
    ])
    const flipping = bench({ flipPerByte: 1 })
    const flipped = await flipping.send(...many)
    const differing = flipped.map((byte, at) => byte ^ many[at])
    expect(differing.every((bits) => bits > 0 && (bits & (bits - 1)) === 0)).toBe(true)
    // Each of the eight bits now and then.
    expect(new Set(differing).size).toBe(8)
    // The byte that was changed is the one that is doubled.
    const both = await bench({ flipPerByte: 1, duplicatePerByte: 1 }).send(7)
    expect([both.length, both[0] === both[1], both[0] === 7]).toEqual([2, true, false])
  })

  it('does it as often as its probability says, the same with the same seed', async () => {
    const dropped = async (seed: number): Promise<number[]> =>
      await bench({ dropPerByte: 0.1 }, seed).send(...many)
    const first = await dropped(1)
    // 200 of 2,000 expected with a standard deviation of 13.4.
    expect(Math.abs(many.length - first.length - 200)).toBeLessThan(60)
    expect(await dropped(1)).toEqual(first)
    expect(await dropped(2)).not.toEqual(first)
  })

  it('is cut or stuck behind the byte that is named, counted over all chunks, until it is healed', async () => {
    const cut = bench({ cutAfterBytes: 3 })
    expect([await cut.send(1, 2), await cut.send(3, 4), await cut.send(5)]).toEqual([[1, 2], [3], []])
    expect(cut.faulty.injected).toEqual({ ...none, cut: 2 })
    cut.faulty.heal()
    expect(await cut.send(6)).toEqual([6])
    const stuck = bench({ stuckAfterBytes: 2 })
    expect([await stuck.send(9, 8, 7), stuck.faulty.injected]).toEqual([[9, 8, 0], { ...none, stuck: 1 }])
  })

  it('puts 1 to 16 bytes of garbage before a chunk, or hands it over twice or in two pieces', async () => {
    const garbage = bench({ garbagePerChunk: 1 })
    const lengths = new Set<number>()
    for (let count = 0; count < 300; count++) {
      const found = await garbage.send(1, 2, 3)
      expect(found.slice(-3)).toEqual([1, 2, 3])
      lengths.add(found.length - 3)
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, at) => at + 1))
    const repeating = bench({ repeatPerChunk: 1 })
    expect(await repeating.send(1, 2)).toEqual([1, 2, 1, 2])
    const splitting = bench({ splitPerChunk: 1 })
    for (let count = 0; count < 60; count++) expect(await splitting.send(1, 2, 3)).toEqual([1, 2, 3])
    expect(new Set(splitting.chunks.map((chunk) => chunk.join()))).toEqual(new Set(['1', '2,3', '1,2', '3']))
    // One byte has no two pieces.
    await splitting.send(5)
    expect([splitting.chunks.at(-1), splitting.faulty.injected.split]).toEqual([[5], 60])
  })

  it('lets the next chunk overtake one, and gives that one after 30 ms where none comes', async () => {
    const { clock, faulty, send, peer } = bench({ reorderPerChunk: 1 })
    expect(await send(1)).toEqual([])
    expect(await send(2)).toEqual([2, 1])
    expect(await send(3)).toEqual([])
    await clock.pass(29)
    expect([...peer.take()]).toEqual([])
    await clock.pass(2)
    expect([[...peer.take()], faulty.injected.reorder]).toEqual([[3], 2])
  })

  it('delays a chunk by as long as it may be', async () => {
    const { clock, send, faulty } = bench({ delayPerChunk: 1, delayMaxMs: 3 })
    const waits = new Set<number>()
    for (let count = 0; count < 60; count++) {
      const before = clock.nowMs()
      await send(1)
      waits.add(clock.nowMs() - before)
    }
    expect([[...waits].sort(), faulty.injected.delay]).toEqual([[0, 1, 2, 3], 60])
  })

  it('has its faults in the other direction on their own, and ends with the line under it', async () => {
    const clock = new VirtualClock()
    const { link, peer } = createMemoryLink()
    const faulty = createFaultLink(link, { seed: 1, receiving: { dropPerByte: 1 } }, clock)
    const received: number[] = []
    faulty.onData((bytes) => void received.push(...bytes))
    peer.send(Uint8Array.of(1, 2))
    await clock.run(faulty.write(Uint8Array.of(3)))
    expect([received, [...peer.take()], faulty.injected.drop]).toEqual([[], [3], 2])
    faulty.heal()
    peer.send(Uint8Array.of(4))
    await clock.pass(1)
    expect(received).toEqual([4])
    peer.unplug()
    expect(faulty.closed).toMatchObject({ kind: 'unplugged' })
  })
})
