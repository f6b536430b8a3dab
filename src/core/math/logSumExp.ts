/** ln of the sum of exp over `count` values from `from` on, without overflow: logit - logSumExp is a log-probability. */
export function logSumExp(values: ArrayLike<number>, from = 0, count = values.length): number {
  let most = -Infinity
  for (let at = from; at < from + count; at++) most = Math.max(most, values[at])
  let sum = 0
  for (let at = from; at < from + count; at++) sum += Math.exp(values[at] - most)
  return most + Math.log(sum)
}
