import { createRandom } from '@core/math/random'
import { int, ints, type OnnxModel } from '@core/model/onnx/onnx'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { createImportedRunner } from '@core/quant/runImported'
import * as ort from 'onnxruntime-node'
import { encodeOnnx } from '@main/model/files/onnxFile'
import type { Known } from './moreOperators'
import { GraphDraft } from './randomOnnx'

/** A quantized graph whose scales are any numbers, and an input that lies on its first codes or beyond their ends. */
export interface ScaledCase {
  readonly model: OnnxModel
  readonly input: Float32Array
  /** Of the codes at the end. */
  readonly scale: number
}

/**
 * Seeded graphs of one layer between codes. Its input rounds to no other value, so that the codes at its end are the only ones that
 * are rounded: the importer rounds those, and no others.
 */
export function randomScales(seed: number): ScaledCase {
  const random = createRandom(seed)
  const opset = [13, 17, 21][random.integer(3)]!
  const draft = new ScaledDraft(random, opset)
  const dims = draft.pick([
    [1, 2, 4, 5],
    [1, 3, 4, 4],
    [1, 6],
    [1, 3, 5]
  ])
  const first = draft.format(0.02)
  const x = { name: 'x', dims }
  const { output, scale } = draft.network(x, first)
  const count = dims.reduce((a, b) => a * b, 1)
  const input = Float32Array.from({ length: count }, () => first.step * (random.integer(400) - 200))
  const model: OnnxModel = {
    ...{ name: `scales${seed}`, opset, nodes: draft.nodes, initializers: draft.initializers, metadata: {} },
    inputs: [{ name: 'x', elementType: 'float32', dims }],
    outputs: [{ name: output.name, elementType: 'float32', dims: null }]
  }
  return { model, input, scale }
}

interface Format {
  readonly step: number
  readonly isSigned: boolean
  readonly scale: Known
  readonly zero: Known
}

class ScaledDraft extends GraphDraft {
  /** A scale between `about` and its double, and any zero point. */
  format(about: number, isSigned = this.random.next() < 0.5): Format {
    const step = Math.fround(about * (1 + this.random.next()))
    const [low, high] = isSigned ? [-128, 127] : [0, 255]
    const zero = this.pick([low, isSigned ? 0 : 128, this.side(low, high)])
    return { step, isSigned, ...this.known(step, zero, isSigned) }
  }

  private known(step: number, zero: number, isSigned: boolean): { scale: Known; zero: Known } {
    const code = this.tensor([], isSigned ? Int8Array.of(zero) : Uint8Array.of(zero))
    return { scale: this.tensor([], Float32Array.of(step)), zero: code }
  }

  private quantize(value: Known, { scale, zero }: Format): Known {
    return this.add('QuantizeLinear', [value, scale, zero], value.dims)
  }

  private dequantize(value: Known, { scale, zero }: Format): Known {
    return this.add('DequantizeLinear', [value, scale, zero], value.dims)
  }

  network(x: Known, first: Format): { output: Known; scale: number } {
    const codes = this.quantize(x, first)
    if (this.random.next() < 0.5) return this.onCodes(codes, first)
    const value = this.dequantize(codes, first)
    const made = this.activation(this.layer(value, first.step))
    const last = this.format(0.03)
    return { output: this.dequantize(this.quantize(made, last), last), scale: last.step }
  }

  private activation(value: Known): Known {
    const choice = this.random.next()
    if (choice < 0.5) return value
    if (choice < 0.8) return this.add('Relu', [value], value.dims)
    const [low, high] = [0, 1.7].map((end) => this.tensor([], Float32Array.of(end)))
    return this.add('Clip', [value, low!, high!], value.dims)
  }

  private layer(value: Known, step: number): Known {
    const choice = this.random.next()
    if (choice < 0.2) return this.add('Add', [value, this.constant([])], value.dims)
    if (choice < 0.4) return this.add('Mul', [value, this.constant([])], value.dims)
    if (choice < 0.5) return this.add('Sigmoid', [value], value.dims)
    if (value.dims.length === 4 && choice < 0.9) return this.convolution4(value, step)
    const outputs = this.side(1, 4)
    const { real } = this.weights([value.dims.at(-1)!, outputs], 1)
    return this.add('MatMul', [value, real], [...value.dims.slice(0, -1), outputs])
  }

  private convolution4(value: Known, step: number): Known {
    const [, channels, height, width] = value.dims as [number, number, number, number]
    const outputs = this.side(1, 3)
    const { real, step: own } = this.weights([outputs, channels, 2, 2], 0)
    const codes = Int32Array.from({ length: outputs }, () => this.side(-900, 900))
    const scale = this.tensor([], Float32Array.of(step * own))
    const bias = this.add('DequantizeLinear', [this.tensor([outputs], codes), scale], [outputs])
    return this.add('Conv', [value, real, bias], [1, outputs, height + 1, width + 1], {
      pads: ints([1, 1, 1, 1])
    })
  }

  /** Weights of 8 bits with a scale for all or one for each output. */
  private weights(dims: readonly number[], axis: number): { real: Known; step: number } {
    const count = dims.reduce((a, b) => a * b, 1)
    const codes = this.tensor(
      dims,
      Int8Array.from({ length: count }, () => this.side(-127, 127))
    )
    const isPerChannel = this.random.next() < 0.5
    const steps = Float32Array.from(
      { length: isPerChannel ? dims[axis]! : 1 },
      () => 0.003 * (1 + this.random.next())
    )
    const scale = this.tensor(isPerChannel ? [steps.length] : [], steps)
    return { real: this.add('DequantizeLinear', [codes, scale], dims, { axis: int(axis) }), step: steps[0]! }
  }

  /** An operator on codes. */
  private onCodes(codes: Known, first: Format): { output: Known; scale: number } {
    const last = this.format(0.03, first.isSigned)
    const end = (made: Known) => ({ output: this.dequantize(made, last), scale: last.step })
    const from = [codes, first.scale, first.zero]
    const choice = this.random.next()
    if (choice < 0.4) {
      const opType = this.pick(['QLinearAdd', 'QLinearMul'])
      return end(this.own(opType, [...from, ...from, last.scale, last.zero], codes.dims))
    }
    const isImage = codes.dims.length === 4
    const outputs = this.side(1, 4)
    const dims = isImage ? [outputs, codes.dims[1]!, 2, 2] : [codes.dims.at(-1)!, outputs]
    const count = dims.reduce((a, b) => a * b, 1)
    const isPerChannel = this.random.next() < 0.5
    const steps = Float32Array.from(
      { length: isPerChannel ? outputs : 1 },
      () => 0.003 * (1 + this.random.next())
    )
    const shape = isPerChannel ? [outputs] : []
    const weights = [
      this.tensor(
        dims,
        Int8Array.from({ length: count }, () => this.side(-127, 127))
      ),
      this.tensor(shape, steps),
      this.tensor(shape, new Int8Array(steps.length))
    ]
    const inputs = [...from, ...weights, last.scale, last.zero]
    if (!isImage) return end(this.add('QLinearMatMul', inputs, [...codes.dims.slice(0, -1), outputs]))
    const bias = this.tensor(
      [outputs],
      Int32Array.from({ length: outputs }, () => this.side(-900, 900))
    )
    const [, , height, width] = codes.dims as [number, number, number, number]
    return end(this.add('QLinearConv', [...inputs, bias], [1, outputs, height - 1, width - 1]))
  }

  private own(opType: string, inputs: readonly Known[], dims: readonly number[]): Known {
    const made = this.add(opType, inputs, dims)
    this.nodes[this.nodes.length - 1] = { ...this.nodes.at(-1)!, domain: 'com.microsoft' }
    return made
  }
}

/** How far outputs lie from onnxruntime's, in codes; and how far the worst value that differs lies from a tie. */
export interface Apart {
  readonly codes: number
  /** Share of a code. */
  readonly fromTie: number
  /** Different values among onnxruntime's outputs. */
  readonly levels: number
}

/** Compares the importer's outputs with onnxruntime's. @throws where one of them refuses the graph */
export async function codesApart({ model, input, scale }: ScaledCase): Promise<Apart> {
  const session = await ort.InferenceSession.create(encodeOnnx(model), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4
  })
  const dims = model.inputs[0]!.dims as number[]
  const results = await session.run({ x: new ort.Tensor('float32', input, dims) })
  const wanted = results[session.outputNames[0]!]!.data as Float32Array
  await session.release()
  const { imported, obstacles } = readOnnx(model)
  if (imported === null) throw new Error(obstacles.map(({ message }) => message).join())
  const found = createImportedRunner(imported)(input).values
  const bare = { ...imported, output: { ...imported.output, endings: [] } }
  const reals = createImportedRunner(bare)(input).values
  let [codes, fromTie] = [0, 0]
  for (const [at, value] of wanted.entries()) {
    const apart = Math.abs(found[at]! - value) / scale
    codes = Math.max(codes, apart)
    if (apart < 0.5) continue
    const level = reals[at]! / scale
    fromTie = Math.max(fromTie, Math.abs(level - Math.floor(level) - 0.5))
  }
  return { codes, fromTie, levels: new Set(wanted).size }
}
