import { describe, expect, it } from 'vitest'
import { createPacedLink } from '@main/board/links/pacedLink'
import { createMemoryLink } from '../../../../support/memoryLink'
import { VirtualClock } from '../../../../support/virtualClock'

/** A line of 10,000 baud with 8N1 carries a byte a millisecond; bytes are let through every 4 ms. */
function bench(baudRate = 10_000) {
  const clock = new VirtualClock()
  const { link, peer } = createMemoryLink()
  const paced = createPacedLink(link, baudRate, clock)
  const received: number[] = []
  paced.onData((bytes) => void received.push(...bytes))
  return { clock, peer, paced, received }
}
const counted = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => at & 0xff)

describe('a line that is as slow as its baud rate', () => {
  it('lets a byte through for each ten bit times, both ways on their own', async () => {
    const { clock, peer, paced, received } = bench()
    await paced.write(counted(10))
    peer.send(counted(6))
    expect([peer.take().length, received.length]).toEqual([0, 0])
    await clock.pass(4)
    expect([peer.take(), received]).toEqual([counted(4), [0, 1, 2, 3]])
    await clock.pass(3)
    expect([peer.take().length, received.length]).toEqual([0, 4])
    await clock.pass(1)
    expect([[...peer.take()], received.length]).toEqual([[4, 5, 6, 7], 6])
    await clock.pass(4)
    expect([...peer.take()]).toEqual([8, 9])
    expect(clock.pending).toBe(0)
  })

  it('carries fractions over, so that the rate is right in the long run', async () => {
    // 3,125 baud: 1.25 bytes in 4 ms.
    const { clock, peer, paced } = bench(3_125)
    await paced.write(counted(20))
    const perTick: number[] = []
    for (let tick = 0; tick < 4; tick++) {
      await clock.pass(4)
      perTick.push(peer.take().length)
    }
    expect(perTick).toEqual([1, 1, 1, 2])
  })

  it('saves nothing up while it is idle', async () => {
    const { clock, peer, paced } = bench()
    await clock.pass(1_000)
    await paced.write(counted(10))
    await clock.pass(4)
    expect(peer.take()).toHaveLength(4)
  })

  it('takes writes at once up to the 4,096 bytes of a driver, and more as they leave', async () => {
    const { clock, peer, paced } = bench()
    let isTaken = false
    await paced.write(counted(4_096))
    const next = paced.write(counted(8)).then(() => (isTaken = true))
    await clock.pass(4)
    expect([isTaken, peer.take().length]).toEqual([false, 4])
    await clock.pass(4)
    await next
    expect([isTaken, peer.take().length]).toEqual([true, 4])
  })

  it('takes nothing of no bytes, and goes at another rate from the next moment on', async () => {
    const { clock, peer, paced } = bench()
    await paced.write(new Uint8Array(0))
    expect(clock.pending).toBe(0)
    await paced.write(counted(100))
    await clock.pass(4)
    await paced.setBaud(20_000)
    expect(paced.descriptor.baudRate).toBe(20_000)
    await clock.pass(4)
    expect(peer.take()).toHaveLength(4 + 8)
  })

  it('gives a write up after its time, and ends with the line under it', async () => {
    const { clock, peer, paced } = bench()
    await paced.write(counted(4_096))
    await expect(clock.run(paced.write(counted(4_096), 50))).rejects.toMatchObject({ code: 'board.timeout' })
    const waiting = paced.write(counted(4_096), 60_000)
    peer.unplug()
    await waiting.catch(() => undefined)
    expect(clock.pending).toBe(0)
    await expect(paced.write(counted(1))).rejects.toMatchObject({ code: 'board.disconnected' })
    expect(paced.closed).toMatchObject({ kind: 'unplugged' })
  })
})
