import type { Conv2dLayer } from '../quantizedNetwork'

/** Input channels below which pixels are joined, and what joined channels are a multiple of: what integer kernels read at once. */
const lanes = 4

/**
 * A convolution of few channels as one of more channels over fewer pixels: neighbours in a row become channels, which moves no
 * data in HWC order. Kernels for integers read several channels at once and are slow on one.
 * Null where the layer has channels enough, or its rows do not divide.
 */
export function widePixels(layer: Conv2dLayer): Conv2dLayer | null {
  const [height, width, channels] = layer.inputShape
  const [outHeight, outWidth, outputs] = layer.outputShape
  const [kernelHeight, kernelWidth] = layer.kernel
  const step = layer.stride[1]
  const [top, left, bottom] = layer.pad
  if (channels >= lanes || (layer.dilation?.[1] ?? 1) !== 1 || outWidth * step !== width) return null
  if (layer.padCode + layer.input.zero !== 0) return null
  const joined = joinedPixels(step, channels)
  if (width % joined !== 0) return null

  const results = joined / step
  const first = Math.floor(-left / joined)
  const last = Math.floor(((results - 1) * step - left + kernelWidth - 1) / joined)
  if (last < 0) return null
  const columns = last - first + 1
  const inner = joined * channels
  const weights = new Int8Array(results * outputs * kernelHeight * columns * inner)
  for (let result = 0; result < results; result++)
    for (let out = 0; out < outputs; out++)
      for (let ky = 0; ky < kernelHeight; ky++)
        for (let kx = 0; kx < kernelWidth; kx++) {
          // In pixels from the first column of the group.
          const at = result * step - left + kx - first * joined
          const to = ((result * outputs + out) * kernelHeight + ky) * columns * inner + at * channels
          const from = ((out * kernelHeight + ky) * kernelWidth + kx) * channels
          for (let c = 0; c < channels; c++) weights[to + c] = layer.weights[from + c]
        }
  return {
    ...layer,
    inputShape: [height, width / joined, inner],
    outputShape: [outHeight, outWidth / results, results * outputs],
    kernel: [kernelHeight, columns],
    stride: [layer.stride[0], 1],
    pad: [top, -first, bottom, last],
    weights,
    bias: Int32Array.from({ length: results * outputs }, (_, at) => layer.bias[at % outputs]),
    mult: Int32Array.from({ length: results * outputs }, (_, at) => layer.mult[at % outputs]),
    shift: Uint8Array.from({ length: results * outputs }, (_, at) => layer.shift[at % outputs])
  }
}

/** The least multiple of `step` pixels whose channels fill whole lanes. */
function joinedPixels(step: number, channels: number): number {
  let joined = step
  while ((joined * channels) % lanes !== 0) joined += step
  return joined
}
