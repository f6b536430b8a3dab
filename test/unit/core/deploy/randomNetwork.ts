import type { CodeFormat, IntegerLayer, QuantizedNetwork } from '../../../../src/core/quant/quantizedNetwork'
import type { ShapeHwc } from '../../../../src/core/kernel/shape'
import { elementCount, isWeighted, zeroCode } from '../../../../src/core/quant/quantizedNetwork'
import type { Bits } from '../../../../src/core/quant/scheme'
import { createRandom, type Random } from '../../../../src/core/math/random'

const widths: readonly Bits[] = [8, 4, 2, 1]

/** A network of random integers that uses every operator; not trained, but its codes spread over their range. */
export class RandomNetwork {
  private readonly layers: IntegerLayer[] = []
  private readonly random: Random
  private at: { index: number; shape: ShapeHwc; format: CodeFormat }

  /** @param schedule bits to be used one after another where layers draw them; then, or without, random ones */
  constructor(
    seed: number,
    private readonly inputShape: ShapeHwc,
    private readonly schedule: Bits[] = []
  ) {
    this.random = createRandom(seed)
    this.at = { index: -1, shape: inputShape, format: { bits: 8, scale: 1 / 255, zero: 128 } }
  }

  /** Index of the layer added last. */
  get index(): number {
    return this.at.index
  }

  private width(): Bits {
    return this.schedule.shift() ?? widths[this.random.integer(4)]!
  }

  private codes(count: number, bits: Bits): Int8Array {
    return Int8Array.from({ length: count }, () =>
      bits === 1 ? (this.random.integer(2) ? 1 : -1) : this.random.integer(2 ** bits) - 2 ** (bits - 1)
    )
  }

  private format(bits: Bits): CodeFormat {
    const zero = this.random.integer(2) ? (bits === 1 ? 1 : 2 ** (bits - 1)) : 0
    return { bits, scale: 1, zero }
  }

  /** Multipliers that bring sums of about `spread` to about the range of `bits`. */
  private scales(count: number, spread: number, bits: Bits): { mult: Int32Array; shift: Uint8Array } {
    const target = bits === 1 ? 256 : 2 ** (bits - 1)
    const shift = Math.max(1, Math.min(51, Math.round(20 + Math.log2(Math.max(1, spread) / target))))
    return {
      mult: Int32Array.from({ length: count }, () => 2 ** 20 + this.random.integer(2 ** 20)),
      shift: new Uint8Array(count).fill(shift)
    }
  }

  private add(layer: IntegerLayer): this {
    this.layers.push(layer)
    this.at = {
      index: this.layers.length - 1,
      shape: layer.outputShape,
      format: { bits: layer.outBits, scale: layer.outScale, zero: layer.outZero }
    }
    return this
  }

  private base(name: string, outputShape: ShapeHwc, output: CodeFormat) {
    return {
      name: `${name}${this.layers.length}`,
      inputs: [this.at.index],
      inputShape: this.at.shape,
      outputShape,
      input: this.at.format,
      outBits: output.bits,
      outScale: 1,
      outZero: output.zero,
      relu: this.random.integer(2) === 1
    }
  }

  private window(kernel: number, stride: number, pad: number) {
    const [h, w] = this.at.shape
    const side = (size: number): number => Math.floor((size + 2 * pad - kernel) / stride) + 1
    return {
      out: [side(h), side(w)] as const,
      window: {
        kernel: [kernel, kernel] as const,
        stride: [stride, stride] as const,
        pad: [pad, pad, pad, pad] as const
      }
    }
  }

  private weighted(count: number, outputs: number, inner: number, last: boolean) {
    const { bits } = this.at.format
    const weightBits = this.width()
    const output = this.format(this.width())
    const spread = Math.sqrt(inner) * 2 ** (bits - 1) * 2 ** (weightBits - 1) * 0.4
    return {
      output,
      fields: {
        weightBits,
        activationBits: bits,
        weights: this.codes(count, weightBits),
        bias: Int32Array.from({ length: outputs }, () => Math.round((this.random.next() - 0.3) * spread)),
        weightScale: new Float64Array(outputs).fill(1),
        ...(last
          ? { mult: new Int32Array(0), shift: new Uint8Array(0) }
          : this.scales(outputs, spread, output.bits)),
        last
      }
    }
  }

  conv(outputs: number, kernel: number, stride: number, pad: number): this {
    const inner = kernel * kernel * this.at.shape[2]
    const { output, fields } = this.weighted(outputs * inner, outputs, inner, false)
    const { out, window } = this.window(kernel, stride, pad)
    const base = this.base('conv', [...out, outputs], output)
    return this.add({ op: 'conv2d', ...base, ...fields, ...window, padCode: zeroCode(base.input) })
  }

  depthwise(kernel: number, stride: number, pad: number): this {
    const channels = this.at.shape[2]
    const { output, fields } = this.weighted(kernel * kernel * channels, channels, kernel * kernel, false)
    const { out, window } = this.window(kernel, stride, pad)
    const base = this.base('depthwise', [...out, channels], output)
    return this.add({ op: 'depthwiseConv2d', ...base, ...fields, ...window, padCode: zeroCode(base.input) })
  }

  pool(op: 'maxPool' | 'avgPool', kernel: number, stride: number, pad: number): this {
    const { out, window } = this.window(kernel, stride, pad)
    const shape: ShapeHwc = [...out, this.at.shape[2]]
    if (op === 'maxPool')
      return this.add({ op, ...this.base(op, shape, this.at.format), relu: false, ...window })
    const output = this.format(this.width())
    const spread = kernel * kernel * 2 ** this.at.format.bits
    return this.add({
      op,
      ...this.base(op, shape, output),
      ...this.scales(1, spread, output.bits),
      ...window
    })
  }

  requantize(): this {
    const output = this.format(this.width())
    const scales = this.scales(1, 2 ** this.at.format.bits, output.bits)
    return this.add({ op: 'requantize', ...this.base('requantize', this.at.shape, output), ...scales })
  }

  /** Adds the tensor of an earlier layer of the same shape. */
  sum(other: number): this {
    const b = this.layers[other]!
    const output = this.format(this.width())
    const spread = 2 ** this.at.format.bits + 2 ** b.outBits
    const { mult } = this.scales(2, spread, output.bits)
    const { shift } = this.scales(1, spread, output.bits)
    const base = { ...this.base('add', this.at.shape, output), inputs: [this.at.index, other] }
    const inputB = { bits: b.outBits, scale: 1, zero: b.outZero }
    return this.add({ op: 'add', ...base, inputB, mult, shift })
  }

  flatten(): this {
    const shape: ShapeHwc = [1, 1, elementCount(this.at.shape)]
    return this.add({ op: 'flatten', ...this.base('flatten', shape, this.at.format), relu: false })
  }

  dense(outputs: number, last = false): this {
    const inner = elementCount(this.at.shape)
    const { output, fields } = this.weighted(outputs * inner, outputs, inner, last)
    return this.add({ op: 'dense', ...this.base('dense', [1, 1, outputs], output), ...fields })
  }

  done(): QuantizedNetwork {
    return {
      name: 'random',
      inputBits: 8,
      inputScale: 1 / 255,
      inputZero: 128,
      inputShape: this.inputShape,
      layers: this.layers,
      outputCount: elementCount(this.at.shape),
      scheme: this.layers
        .filter(isWeighted)
        .map(({ name, weightBits, activationBits }) => ({ layer: name, weightBits, activationBits }))
    }
  }

  /** Input codes of `count` images. */
  images(count: number): Int8Array {
    return this.codes(count * elementCount(this.inputShape), 8)
  }
}

/** A small network with every operator, a residual branch and padding; bits drawn from the seed. */
export function everyOperator(seed: number): { network: QuantizedNetwork; builder: RandomNetwork } {
  const builder = new RandomNetwork(seed, [9, 11, 3])
  builder.conv(7, 3, 1, 1).pool('maxPool', 3, 2, 1).requantize()
  const branch = builder.index
  builder.depthwise(3, 1, 1).conv(7, 1, 1, 0).sum(branch).pool('avgPool', 2, 1, 0)
  builder.conv(5, 3, 2, 1).flatten().dense(13).dense(10, true)
  return { network: builder.done(), builder }
}

/** Layers of each operator that differ in their pair of bit widths. */
export function pairsOf(network: QuantizedNetwork): Record<string, number> {
  const seen = new Map<string, Set<string>>()
  for (const layer of network.layers) {
    if (!isWeighted(layer)) continue
    const pairs = seen.get(layer.op) ?? new Set()
    seen.set(layer.op, pairs.add(`a${layer.activationBits}w${layer.weightBits}`))
  }
  return Object.fromEntries([...seen].map(([op, pairs]) => [op, pairs.size]))
}

/**
 * Every pair of activation and weight bits in convolutions, depthwise convolutions and dense layers, and a skip connection
 * around the first of them; channel counts that no word of packed codes divides.
 */
export function everyPair(seed = 1): { network: QuantizedNetwork; builder: RandomNetwork } {
  const pairs = widths.flatMap((activation) => widths.map((weight) => [activation, weight] as const))
  // A layer draws its weights' bits, then the bits of what it writes, which the next layer reads.
  const order = [...pairs, ...pairs, ...pairs]
  const schedule = order.flatMap(([, weight], index) => [weight, order[index + 1]?.[0] ?? 8])
  // Between the sections a sum and a pool write codes: their bits are those the next layer is to read.
  schedule.splice(2 * pairs.length, 0, 8)
  const builder = new RandomNetwork(seed, [6, 5, 5], schedule)
  builder.conv(5, 3, 1, 1)
  const skip = builder.index
  for (let count = 1; count < pairs.length; count++)
    builder.conv(5, count % 2 === 0 ? 3 : 1, 1, count % 2 === 0 ? 1 : 0)
  builder.sum(skip)
  for (let count = 0; count < pairs.length; count++) builder.depthwise(3, 1, 1)
  builder.flatten()
  for (let count = 1; count < pairs.length; count++) builder.dense(9 + count)
  builder.dense(6, true)
  return { network: builder.done(), builder }
}

/**
 * A residual block that widens to 128 channels between two narrow ends: one tensor of 512 KiB with small neighbours. Two
 * alternating buffers would each have to hold it.
 */
export function wideBottleneck(seed = 3): { network: QuantizedNetwork; builder: RandomNetwork } {
  const builder = new RandomNetwork(seed, [64, 64, 1])
  builder.conv(8, 3, 1, 1)
  const skip = builder.index
  builder.conv(128, 1, 1, 0).conv(8, 1, 1, 0).sum(skip).pool('avgPool', 8, 8, 0)
  builder.flatten().dense(10, true)
  return { network: builder.done(), builder }
}
