import type { KernelName } from '../../shared/vocabulary'
import { createRandom, type Random } from '../math/random'
import { dimNames, isPossible, type KernelShape, shapeKey, shapeWork } from '../kernel/shape'

/** Range of one dim, both ends included. */
interface DimRange {
  low: number
  high: number
}

/** A space-filling set of shapes. */
export interface DesignOptions {
  kernel: KernelName
  count: number
  seed: number
  /** The set spreads around these; without any, around layers of small networks. */
  around: readonly KernelShape[]
  /** Shapes with more work than this are not drawn. */
  maxMacs: number
}

/** Layers of networks that microcontrollers run (LeNet to MobileNet size), where no model says better. */
const usual: Readonly<Record<KernelName, readonly DimRange[]>> = {
  matmul: [range(1, 64), range(8, 256), range(16, 1024)],
  conv2d: [range(6, 32), range(6, 32), range(1, 64), range(4, 64), range(1, 5), range(1, 2), range(0, 2)],
  depthwiseConv2d: [range(6, 32), range(6, 32), range(4, 128), range(3, 5), range(1, 2), range(0, 2)],
  maxPool: [range(4, 32), range(4, 32), range(4, 64), range(2, 3), range(1, 2)],
  avgPool: [range(4, 32), range(4, 32), range(4, 64), range(2, 7), range(1, 2)],
  add: [range(64, 16_384)],
  requantize: [range(16, 1024), range(4, 128)],
  flatten: [range(64, 16_384)],
  argmax: [range(4, 1000)],
  // Attention over some dozens to some hundreds of positions, heads of 8 to 64.
  product: [range(1, 64), range(4, 128), range(8, 128)],
  softmax: [range(1, 256), range(4, 256)],
  layerNorm: [range(1, 128), range(16, 512)],
  rmsNorm: [range(1, 128), range(16, 512)],
  table: [range(64, 16_384)],
  gather: [range(64, 16_384)],
  rope: [range(1, 16), range(4, 64)],
  // Sequences of sensors and sounds.
  rnn: [range(4, 128), range(8, 128)],
  lstm: [range(4, 128), range(4, 96)],
  gru: [range(4, 128), range(4, 96)],
  gruAfter: [range(4, 128), range(4, 96)]
}

/** How far beyond the model's own layers the set reaches, as a factor: a proxy must not extrapolate for it. */
const reach = 2
const triesPerShape = 200

/**
 * A space-filling set of shapes: a Halton sequence (Halton, 1960), shifted by the seed (Cranley and Patterson, 1976),
 * over the logarithms of the dims, so that 8 and 16 are as far apart as 64 and 128. Impossible shapes and those beyond
 * `maxMacs` are passed over; the same seed gives the same set.
 */
export function spaceFillingShapes(options: DesignOptions): KernelShape[] {
  const { kernel, count, around, maxMacs } = options
  const ranges = rangesAround(kernel, around)
  const shift = shiftFor(createRandom(options.seed), ranges.length)
  const taken = new Set(around.map(shapeKey))
  const shapes: KernelShape[] = []
  for (let index = 1; shapes.length < count && index <= count * triesPerShape; index++) {
    const dims = ranges.map(({ low, high }, at) => {
      const unit = (radicalInverse(index, primes[at]) + shift[at]) % 1
      return logPoint(low, high, unit)
    })
    const shape = { kernel, dims: tidy(kernel, dims) }
    const key = shapeKey(shape)
    if (taken.has(key) || !isPossible(shape) || shapeWork(shape).macs > maxMacs) continue
    taken.add(key)
    shapes.push(shape)
  }
  return shapes
}

const primes = [2, 3, 5, 7, 11, 13, 17, 19]

/** van der Corput sequence: the digits of `index` in `base`, mirrored at the point. */
export function radicalInverse(index: number, base: number): number {
  let value = 0
  let digitWeight = 1 / base
  for (let rest = index; rest > 0; rest = Math.floor(rest / base)) {
    value += (rest % base) * digitWeight
    digitWeight /= base
  }
  return value
}

function shiftFor(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next())
}

/** Log-uniform over the whole numbers low..high; 0 is handled by shifting the scale by one. */
function logPoint(low: number, high: number, unit: number): number {
  if (high <= low) return low
  const [from, to] = [Math.log(low + 0.5), Math.log(high + 0.5)]
  return Math.min(high, Math.max(low, Math.round(Math.exp(from + unit * (to - from)))))
}

function rangesAround(kernel: KernelName, around: readonly KernelShape[]): DimRange[] {
  const own = around.filter((shape) => shape.kernel === kernel)
  if (own.length === 0) return [...usual[kernel]]
  return dimNames(kernel).map((name, at) => {
    const values = own.map((shape) => shape.dims[at])
    const [least, most] = [Math.min(...values), Math.max(...values)]
    // Windows, strides and paddings are what they are; sizes reach beyond the model's.
    if (name === 'ks' || name === 'stride' || name === 'pad') return { low: least, high: most }
    return { low: Math.max(1, Math.floor(least / reach)), high: Math.min(65_535, most * reach) }
  })
}

/** Layers are square and pad no more than half a window: other shapes are not built, and measuring them would say little. */
function tidy(kernel: KernelName, dims: number[]): number[] {
  if (kernel !== 'conv2d' && kernel !== 'depthwiseConv2d' && kernel !== 'maxPool' && kernel !== 'avgPool')
    return dims
  const names = dimNames(kernel)
  const side = names.indexOf('ks')
  const pad = names.indexOf('pad')
  const tidied = [...dims]
  tidied[1] = tidied[0]
  if (pad >= 0) tidied[pad] = Math.min(tidied[pad], Math.floor(tidied[side] / 2))
  return tidied
}

function range(low: number, high: number): DimRange {
  return { low, high }
}
