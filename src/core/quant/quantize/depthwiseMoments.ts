import { channelSums, type FitWork } from './fitEngine'
import { blockOf, type CentredTargets, type Moments, type SampledBytes, type TapCovariance } from './moments'

/** Moments of every channel of a depthwise layer; bytes of the inputs: [taps][rows][channels]. */
export function* depthwiseMoments(inputs: SampledBytes, targets: CentredTargets): FitWork<Moments[]> {
  const { bytes, rows, scale, zero } = inputs
  const channels = targets.mean.length
  const taps = bytes.length / (rows * channels)
  const { means, squares, cross } = yield* channelSums({ bytes, targets: targets.values, rows, channels })
  return Array.from({ length: channels }, (_, c) => {
    const covariance: TapCovariance = (i, j) => (squares[(c * taps + i) * taps + j] * scale * scale) / rows
    return {
      taps,
      channels: 1,
      inputMean: Float64Array.from(
        { length: taps },
        (_, tap) => (means[c * taps + tap] - 128 + zero) * scale
      ),
      targetMean: targets.mean.subarray(c, c + 1),
      importance: Float64Array.from({ length: taps }, (_, tap) => covariance(tap, tap)),
      cross: Float64Array.from({ length: taps }, (_, tap) => (cross[c * taps + tap] * scale) / rows),
      blocks: [blockOf(covariance, 0, taps)],
      inputs: null
    }
  })
}
