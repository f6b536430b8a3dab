/**
 * Sum of the weight codes of every channel: what an input's zero point is multiplied by.
 * @param codes [channels][taps], of a depthwise layer [taps][channels]
 */
export function codeSums(codes: Int8Array, channels: number, isDepthwise: boolean): Int32Array {
  const taps = codes.length / channels
  const sums = new Int32Array(channels)
  // Row by row as they lie; a loop over channels with an index for both orders takes several times as long.
  if (isDepthwise)
    for (let from = 0; from < codes.length; from += channels)
      for (let c = 0; c < channels; c++) sums[c] = sums[c] + codes[from + c]
  else
    for (let c = 0, at = 0; c < channels; c++) {
      let sum = 0
      for (const end = at + taps; at < end; at++) sum += codes[at]
      sums[c] = sum
    }
  return sums
}
