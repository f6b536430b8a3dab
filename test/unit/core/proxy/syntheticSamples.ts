import { createRandom } from '@core/math/random'
import { rowSpec } from '@core/kernel/spec'
import { emptyWork } from '@core/kernel/work'
import { shapeRows, type LayerShape, type SampleTable } from '@core/proxy/samples'

export interface SyntheticOptions {
  seed?: number
  shapes?: number
  /** Standard deviation of the logarithm of the noise. */
  noise?: number
  /** Multiplies all times: another device. */
  factor?: number
  bits?: readonly number[]
}

/** Times of a made-up processor: cycles per MAC by the wider operand, a cost per output, a constant, noise. */
export function syntheticConv(options: SyntheticOptions = {}): SampleTable {
  const { seed = 1, shapes = 20, noise = 0.02, factor = 1, bits = [8, 4, 2, 1] } = options
  const random = createRandom(seed)
  const layers: LayerShape[] = []
  for (let shape = 0; shape < shapes; shape++) {
    const side = 6 + random.integer(20)
    const dims = [
      side,
      side,
      1 + random.integer(24),
      4 + random.integer(40),
      [1, 3, 5][random.integer(3)]!,
      1
    ]
    for (const activationBits of bits)
      for (const weightBits of bits) layers.push({ dims, activationBits, weightBits })
  }
  const rows = shapeRows('conv2d', layers)
  const work = emptyWork()
  const noiseRandom = createRandom(seed + 7)
  const time = Float64Array.from(layers, (layer) => {
    rowSpec('conv2d').work(layer.dims, work)
    const perMac = 0.4 + 0.2 * Math.max(layer.activationBits, layer.weightBits)
    const cycles = 900 + perMac * work.macs + 6 * work.outputs + 2 * work.patches
    return Math.round(factor * cycles * Math.exp(noise * noiseRandom.normal()))
  })
  return { ...rows, unit: 'cycles', time }
}
