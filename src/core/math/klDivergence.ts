/** Largest error of a float32 number by its amount: half a unit in the last place. */
const halfUlp = 2 ** -24

/**
 * KL(p || q) in nats of two rows of float32 log-probabilities.
 *
 * Their rounding moves both sums of probabilities off 1 by about 1e-7, which would be an error of that size in a KL that may be
 * 1e-9. Both rows are normalised in 64 bits, whereby rounding cancels to first order where p and q are alike; a KL that is no
 * larger than what rounding alone can make (second order, about 1e-13) is 0. A probability of 0 in p adds nothing; one in q
 * alone makes the KL infinite.
 *
 * @param from index of the first of `count` columns
 * @returns the KL, and the sums of probabilities of both rows before they were normalised
 */
export function klDivergence(
  p: Float32Array,
  q: Float32Array,
  from: number,
  count: number
): { kl: number; sums: readonly [p: number, q: number] } {
  let [weighted, sumP, sumQ, rounding] = [0, 0, 0, 0]
  for (let at = from; at < from + count; at++) {
    const share = Math.exp(p[at])
    sumQ += Math.exp(q[at])
    if (share === 0) continue
    sumP += share
    weighted += share * (p[at] - q[at])
    rounding += share * (Math.abs(p[at]) + Math.abs(q[at])) ** 2
  }
  const kl = weighted / sumP - Math.log(sumP / sumQ)
  const floor = (0.5 * halfUlp ** 2 * rounding) / sumP
  return { kl: Number.isFinite(kl) && kl <= floor ? 0 : kl, sums: [sumP, sumQ] }
}
