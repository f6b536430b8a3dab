/** Largest relative error of rounding to float32: half a unit in the last place. */
const halfUlp = 2 ** -24

/**
 * KL(p || q) in nats of two rows of float32 log-probabilities.
 *
 * Their rounding moves both sums of probabilities off 1 by about 1e-7, which would be an error of that size in a KL that may be
 * 1e-9. Both rows are normalised in 64 bits, whereby rounding cancels to first order where p and q are alike; a KL that is no
 * larger than what rounding alone can make is 0. A probability of 0 in p adds nothing; one in q alone makes the KL infinite.
 *
 * That bound: log_softmax in float32 is (x - max) - log(sum). Both subtractions round, by at most u |x - max| and u |log p| with
 * u = 2^-24, and |x - max| <= |log p|; the error of log(sum) is the same for all columns and is normalised away (Blanchard, Higham
 * and Higham, Accurately computing the log-sum-exp and softmax functions, IMA J. Numer. Anal. 41, 2021). Errors d of equal rows
 * make a KL of Var_p(d) / 2 to second order, at most sum p (2 u (|log p| + |log q|))^2 / 2: 1.5e-13 for ten equal probabilities.
 * Rounding inside the network, before its scores, is not in it.
 *
 * @param from index of the first of `count` columns
 * @returns the KL, the bound of what rounding can make, nats, and the sums of probabilities of both rows before they were normalised
 */
export function klDivergence(
  p: Float32Array,
  q: Float32Array,
  from: number,
  count: number
): { kl: number; rounding: number; sums: readonly [p: number, q: number] } {
  let [weighted, sumP, sumQ, squares] = [0, 0, 0, 0]
  for (let at = from; at < from + count; at++) {
    const share = Math.exp(p[at])
    sumQ += Math.exp(q[at])
    if (share === 0) continue
    sumP += share
    weighted += share * (p[at] - q[at])
    squares += share * (Math.abs(p[at]) + Math.abs(q[at])) ** 2
  }
  const kl = weighted / sumP - Math.log(sumP / sumQ)
  const rounding = (0.5 * (2 * halfUlp) ** 2 * squares) / sumP
  return { kl: Number.isFinite(kl) && kl <= rounding ? 0 : kl, rounding, sums: [sumP, sumQ] }
}
