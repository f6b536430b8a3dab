import { describe, expect, it } from 'vitest'
import { timeSinglePasses } from '@main/workload/runner/singlePasses'

/** Runs passes that take `passMs` each by a clock that moves with them alone. */
async function passesOf(passMs: number, forMs: number): Promise<{ us: number[]; ran: number[] }> {
  let ns = 5n
  const ran: number[] = []
  const us = await timeSinglePasses(
    async (pass) => {
      ran.push(pass)
      ns += BigInt(passMs * 1e6)
    },
    forMs,
    () => ns
  )
  return { us, ran }
}

describe('single passes', () => {
  it('are timed until their time is over, after five that are not', async () => {
    // 5 warm-ups and 45 passes of 2 ms are 100 ms.
    const { us, ran } = await passesOf(2, 100)
    expect(us).toEqual(Array.from({ length: 45 }, () => 2000))
    expect(ran.slice(0, 7)).toEqual([5, 4, 3, 2, 1, 0, 1])
    expect(ran.length).toBe(50)
    expect((await passesOf(2, 101)).us.length).toBe(46)
  })

  it('are twenty at least and 250 at most', async () => {
    expect((await passesOf(50, 100)).us.length).toBe(20)
    expect((await passesOf(1, 10_000)).us.length).toBe(250)
  })
})
