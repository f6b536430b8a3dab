/** Sums over the sampled rows of every channel of a depthwise layer, about the means of its bytes. */
export interface ChannelSumsRequest {
  readonly kind: 'channelSums'
  /** [taps][rows][channels] */
  readonly bytes: Uint8Array
  /** [channels][rows] */
  readonly targets: Float32Array
  readonly rows: number
  readonly channels: number
}

/** What a ChannelSumsRequest returns. */
export interface ChannelSums {
  /** [channels][taps]: mean byte. */
  readonly means: Float32Array
  /** [channels][taps][taps]: sums of products of what is left of bytes without their mean. */
  readonly squares: Float32Array
  /** [channels][taps]: sums of those times the target. */
  readonly cross: Float32Array
}

/** A ChannelSumsRequest with plain loops. */
export function channelSumsPlain({ bytes, targets, rows, channels }: ChannelSumsRequest): ChannelSums {
  const taps = bytes.length / (rows * channels)
  const means = new Float32Array(channels * taps)
  const squares = new Float32Array(channels * taps * taps)
  const cross = new Float32Array(channels * taps)
  const centred = new Float64Array(taps * rows)
  for (let c = 0; c < channels; c++) {
    for (let tap = 0; tap < taps; tap++) {
      let sum = 0
      for (let row = 0; row < rows; row++) sum += bytes[(tap * rows + row) * channels + c]
      const mean = sum / rows
      means[c * taps + tap] = mean
      let product = 0
      for (let row = 0; row < rows; row++) {
        const value = bytes[(tap * rows + row) * channels + c] - mean
        centred[tap * rows + row] = value
        product += value * targets[c * rows + row]
      }
      cross[c * taps + tap] = product
    }
    for (let i = 0; i < taps; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0
        for (let row = 0; row < rows; row++) sum += centred[i * rows + row] * centred[j * rows + row]
        squares[(c * taps + i) * taps + j] = squares[(c * taps + j) * taps + i] = sum
      }
  }
  return { means, squares, cross }
}
