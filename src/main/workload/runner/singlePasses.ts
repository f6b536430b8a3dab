/** Passes before the timed ones: the first after another session warm the caches. */
const warmups = 5
/** Single forward passes timed per trial, whatever the time. */
const minPasses = 20
const maxPasses = 250

/**
 * Times single forward passes for about `forMs` ms, warm-ups included, µs each.
 *
 * @param run the pass with its number; warm-ups count down to 1 before the timed ones count up from 0
 * @param nowNs monotonic clock, ns
 */
export async function timeSinglePasses(
  run: (pass: number) => Promise<unknown>,
  forMs: number,
  nowNs: () => bigint
): Promise<number[]> {
  const us: number[] = []
  const untilNs = nowNs() + BigInt(Math.round(forMs * 1e6))
  for (let left = warmups; left > 0; left--) await run(left)
  while (us.length < maxPasses && (us.length < minPasses || nowNs() < untilNs)) {
    const startedNs = nowNs()
    await run(us.length)
    us.push(Number(nowNs() - startedNs) / 1000)
  }
  return us
}
