import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { sizeOf } from '@core/model/graph'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { tfliteToOnnx } from '@core/model/tflite/toOnnx'
import type { TfliteModel, TfliteOption, TfliteTensor } from '@core/model/tflite/tflite'
import { createImportedRunner } from '@core/quant/runImported'
import { exportedScheme, schemeKey } from '@core/quant/scheme'
import { checkModelFile } from '@main/model/files/checkFile'
import { createModelFiles } from '@main/model/files/modelFiles'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { modelFileParts, readForRewriting } from '@main/model/files/readModelFile'
import { decodeTflite, isTflite } from '@main/model/files/tfliteFile'
import { openOrtSession, realTensor, tensorReals } from '@main/model/onnxruntime/ortSession'
import { AppError } from '@shared/errors'
import { TfliteDraft } from '../../../../support/tfliteDraft'
import { encodeTflite } from '../../../../support/tfliteWriter'

const random = createRandom(5)
const reals = (count: number): number[] => Array.from({ length: count }, () => Math.fround(random.normal()))

/** Collects tensors and operators of a graph. */
function draft(name = 'made') {
  const made = new TfliteDraft(random)
  const { tensors, operators } = made
  return {
    tensor: (given: Partial<TfliteTensor> & { dims: number[] }): number => made.tensor(given),
    floats: (dims: number[], values: number[]): number =>
      made.tensor({ dims, data: new Uint8Array(Float32Array.from(values).buffer) }),
    ints: (values: number[], dims?: number[]): number => made.ints(values, dims),
    add(
      opName: string,
      inputs: number[],
      output: number | number[],
      options: Record<string, TfliteOption> = {},
      isCustom = false
    ): void {
      operators.push({
        name: opName,
        isCustom,
        inputs,
        outputs: typeof output === 'number' ? [output] : output,
        options
      })
    },
    model: (inputs: number[], outputs: number[]): TfliteModel => ({
      name,
      tensors,
      operators,
      inputs,
      outputs
    })
  }
}

/** Runs a model through its bytes: written, decoded, converted, imported, executed in float. */
function run(model: TfliteModel, input: ArrayLike<number>): number[] {
  const { imported, obstacles } = readOnnx(tfliteToOnnx(decodeTflite(encodeTflite(model))))
  expect(obstacles).toEqual([])
  return [...createImportedRunner(imported!)(input).values]
}

/** A convolution as TensorFlow defines it, over [height][width][channels]; groups of one channel where it is depthwise. */
function naiveConvolution(
  image: number[],
  [height, width, channels]: [number, number, number],
  weights: number[],
  bias: number[],
  form: { kernel: [number, number]; stride: number; isSame: boolean; isDepthwise: boolean }
): number[] {
  const { kernel, stride, isSame, isDepthwise } = form
  const outputs = bias.length
  const side = (size: number, taps: number): { length: number; before: number } => {
    if (!isSame) return { length: Math.ceil((size - taps + 1) / stride), before: 0 }
    const length = Math.ceil(size / stride)
    return { length, before: Math.floor(Math.max(0, (length - 1) * stride + taps - size) / 2) }
  }
  const [rows, columns] = [side(height, kernel[0]), side(width, kernel[1])]
  const result: number[] = []
  for (let y = 0; y < rows.length; y++) {
    for (let x = 0; x < columns.length; x++) {
      for (let out = 0; out < outputs; out++) {
        let sum = bias[out]!
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const [row, column] = [y * stride + ky - rows.before, x * stride + kx - columns.before]
            if (row < 0 || column < 0 || row >= height || column >= width) continue
            const pixel = (row * width + column) * channels
            if (isDepthwise) {
              const source = Math.floor(out / (outputs / channels))
              sum += image[pixel + source]! * weights[(ky * kernel[1] + kx) * outputs + out]!
            } else {
              for (let c = 0; c < channels; c++)
                sum += image[pixel + c]! * weights[((out * kernel[0] + ky) * kernel[1] + kx) * channels + c]!
            }
          }
        }
        result.push(sum)
      }
    }
  }
  return result
}

function expectClose(found: readonly number[], wanted: readonly number[], digits = 4): void {
  expect(found.length).toBe(wanted.length)
  for (const [at, value] of wanted.entries()) expect(found[at]).toBeCloseTo(value, digits)
}

describe('TFLite files', () => {
  const forms = [1, 2].flatMap((stride) =>
    [true, false].flatMap((isSame) => [true, false].map((isDepthwise) => ({ stride, isSame, isDepthwise })))
  )
  it.each(forms)('a convolution over NHWC: $stride $isSame $isDepthwise', (form) => {
    const made = draft()
    const size: [number, number, number] = [6, 5, 2]
    const outputs = 4
    const kernel: [number, number] = [3, 2]
    const weights = reals(form.isDepthwise ? 6 * outputs : outputs * 6 * 2)
    const bias = reals(outputs)
    const image = reals(sizeOf(size))
    const wanted = naiveConvolution(image, size, weights, bias, { ...form, kernel })
    const rows = form.isSame ? Math.ceil(6 / form.stride) : Math.ceil(4 / form.stride)
    const columns = form.isSame ? Math.ceil(5 / form.stride) : Math.ceil(4 / form.stride)
    const input = made.tensor({ dims: [1, ...size] })
    const filter = made.floats(form.isDepthwise ? [1, ...kernel, outputs] : [outputs, ...kernel, 2], weights)
    const output = made.tensor({ dims: [1, rows, columns, outputs] })
    made.add(
      form.isDepthwise ? 'DEPTHWISE_CONV_2D' : 'CONV_2D',
      [input, filter, made.floats([outputs], bias)],
      output,
      {
        padding: form.isSame ? 0 : 1,
        strideW: form.stride,
        strideH: form.stride,
        dilationW: 1,
        dilationH: 1,
        activation: 0,
        multiplier: 2
      }
    )
    expectClose(run(made.model([input], [output]), image), wanted)
  })

  it('fused activations, pools without counted padding, a mean, a dense layer and a softmax', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 3, 3, 1] })
    const doubled = made.tensor({ dims: [1, 3, 3, 1] })
    made.add('MUL', [input, made.floats([1], [2])], doubled, { activation: 3 })
    const pooled = made.tensor({ dims: [1, 2, 2, 1] })
    const window = { padding: 0, strideW: 2, strideH: 2, filterW: 2, filterH: 2 }
    made.add('AVERAGE_POOL_2D', [doubled], pooled, window)
    const mean = made.tensor({ dims: [1, 1] })
    made.add('MEAN', [pooled, made.ints([1, 2])], mean, { keepDims: false })
    const dense = made.tensor({ dims: [1, 2] })
    made.add('FULLY_CONNECTED', [mean, made.floats([2, 1], [1, -1]), made.floats([2], [0, 1])], dense, {
      activation: 1
    })
    const output = made.tensor({ dims: [1, 2] })
    made.add('SOFTMAX', [dense], output, { beta: 1 })
    // Doubled and limited to 6: [[0, 2, 4], [6, 6, 0], [0, 0, 6]]; averages 3.5, 2 | 0, 6; mean 2.875.
    const [a, b] = run(made.model([input], [output]), [0, 1, 2, 3, 4, -5, 0, 0, 9])
    expect(a! / b!).toBeCloseTo(Math.exp(2.875), 3)
  })

  it('half-precision weights behind a DEQUANTIZE are weights', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 2] })
    // 1.5 and -2 as IEEE half precision
    const half = made.tensor({
      dims: [1, 2],
      type: 'float16',
      data: new Uint8Array(Uint16Array.of(0x3e00, 0xc000).buffer)
    })
    const weights = made.tensor({ dims: [1, 2] })
    made.add('DEQUANTIZE', [half], weights)
    const output = made.tensor({ dims: [1, 1] })
    made.add('FULLY_CONNECTED', [input, weights, -1], output, { activation: 0 })
    expect(run(made.model([input], [output]), [4, 1])).toEqual([4])
  })

  it('shapes: transpose, slices with masks, split, pack, pad, reshape', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 2, 3] })
    const turned = made.tensor({ dims: [1, 3, 2] })
    made.add('TRANSPOSE', [input, made.ints([0, 2, 1])], turned)
    const longer = made.tensor({ dims: [1, 4, 2] })
    made.add('PADV2', [turned, made.ints([0, 0, 0, 1, 0, 0], [3, 2]), made.floats([], [9])], longer)
    const padded = made.tensor({ dims: [4, 2] })
    made.add(
      'STRIDED_SLICE',
      [longer, made.ints([0, 0, 0]), made.ints([1, 0, 0]), made.ints([1, 1, 1])],
      padded,
      { beginMask: 6, endMask: 6, shrinkMask: 1 }
    )
    const [left, right] = [made.tensor({ dims: [4, 1] }), made.tensor({ dims: [4, 1] })]
    made.add('SPLIT', [made.ints([1], []), padded], [left, right], { parts: 2 })
    const packed = made.tensor({ dims: [1, 4, 1, 2] })
    const [first, second] = [made.tensor({ dims: [1, 4, 1] }), made.tensor({ dims: [1, 4, 1] })]
    made.add('RESHAPE', [right, made.ints([1, 4, 1])], first, { shape: [1, 4, 1] })
    made.add('EXPAND_DIMS', [left, made.ints([0], [])], second)
    made.add('PACK', [first, second], packed, { count: 2, axis: 3 })
    const output = made.tensor({ dims: [1, 8] })
    made.add('RESHAPE', [packed, made.ints([1, 8])], output, { shape: [1, 8] })
    // Rows of the turned matrix [[0,3],[1,4],[2,5],[9,9]]: second column beside the first.
    expect(run(made.model([input], [output]), [0, 1, 2, 3, 4, 5])).toEqual([3, 0, 4, 1, 5, 2, 9, 9])
  })

  it('mirrored edges, repeated or not, as numpy.pad has them in its modes symmetric and reflect', async () => {
    const values = [0, 1, 2, 3, 4, 5]
    for (const [mode, wanted] of [
      [1, [4, 3, 3, 4, 5, 5, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 4, 3, 3, 4, 5, 5, 4, 3, 3, 4, 5, 5]],
      [0, [5, 4, 3, 4, 5, 4, 2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4]]
    ] as const) {
      const made = draft()
      const input = made.tensor({ dims: [1, 2, 3] })
      const rows = mode === 1 ? [2, 1] : [1, 0]
      const output = made.tensor({ dims: [1, 2 + rows[0]! + rows[1]!, 6] })
      made.add('MIRROR_PAD', [input, made.ints([0, 0, ...rows, 2, 1], [3, 2])], output, { mode })
      const model = made.model([input], [output])
      expect(run(model, values)).toEqual(wanted)
      const session = await openOrtSession(tfliteToOnnx(model))
      const results = await session.run({
        [session.inputNames[0]!]: realTensor(Float32Array.from(values), [1, 2, 3])
      })
      expect([...tensorReals(results[session.outputNames[0]!]!)]).toEqual(wanted)
      await session.release()
    }
  })

  it.each([
    ['int32', Int32Array.of(1, 1)],
    ['int64', BigInt64Array.of(1n, 1n)]
  ] as const)('lengths of a shape as %s, which passes the type check of onnxruntime', async (type, ones) => {
    const made = draft()
    const input = made.tensor({ dims: [2, 3] })
    const [shape, sum] = [made.tensor({ dims: [2], type }), made.tensor({ dims: [2], type })]
    const output = made.tensor({ dims: [2] })
    made.add('SHAPE', [input], shape)
    made.add('ADD', [shape, made.tensor({ dims: [2], type, data: new Uint8Array(ones.buffer) })], sum)
    made.add('CAST', [sum], output)
    const session = await openOrtSession(tfliteToOnnx(made.model([input], [output])))
    const results = await session.run({
      [session.inputNames[0]!]: realTensor(new Float32Array(6), [2, 3])
    })
    expect([...tensorReals(results[session.outputNames[0]!]!)]).toEqual([3, 4])
    await session.release()
  })

  it('an LSTM with the gates in the order of TFLite', () => {
    const made = draft()
    const [inputs, hidden, steps] = [2, 3, 4]
    const input = made.tensor({ dims: [1, steps, inputs] })
    const weights = [0, 1, 2, 3].map(() => reals(hidden * inputs))
    const recurrence = [0, 1, 2, 3].map(() => reals(hidden * hidden))
    const bias = [0, 1, 2, 3].map(() => reals(hidden))
    const state = made.tensor({ dims: [1, hidden] })
    const cellState = made.tensor({ dims: [1, hidden] })
    const output = made.tensor({ dims: [1, steps, hidden] })
    made.add(
      'UNIDIRECTIONAL_SEQUENCE_LSTM',
      [
        input,
        ...weights.map((own) => made.floats([hidden, inputs], own)),
        ...recurrence.map((own) => made.floats([hidden, hidden], own)),
        ...[-1, -1, -1],
        ...bias.map((own) => made.floats([hidden], own)),
        ...[-1, -1],
        state,
        cellState
      ],
      output,
      { activation: 4, timeMajor: false, cellClip: 0.25, projectionClip: 0 }
    )
    const x = reals(steps * inputs)
    const limit = (value: number): number => Math.min(0.25, Math.max(-0.25, value))
    const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))
    let h = [0, 0, 0]
    let c = [0, 0, 0]
    const wanted: number[] = []
    for (let step = 0; step < steps; step++) {
      const gates = [0, 1, 2, 3].map((gate) =>
        bias[gate]!.map((own, row) => {
          let sum = own
          for (let k = 0; k < inputs; k++) sum += weights[gate]![row * inputs + k]! * x[step * inputs + k]!
          for (let k = 0; k < hidden; k++) sum += recurrence[gate]![row * hidden + k]! * h[k]!
          return sum
        })
      )
      c = c.map((own, at) =>
        limit(sigmoid(gates[1]![at]!) * own + sigmoid(gates[0]![at]!) * Math.tanh(gates[2]![at]!))
      )
      h = c.map((own, at) => sigmoid(gates[3]![at]!) * Math.tanh(own))
      wanted.push(...h)
    }
    expectClose(run(made.model([input], [output]), x), wanted)
  })
})

/** An SVDF layer with drawn weights, those of former steps as given; and what TensorFlow Lite makes of inputs one run after another. */
function filterNetwork(rank: number, steps: number, past: () => number) {
  const [inputs, units] = [5, 3]
  const filters = units * rank
  const [features, bias] = [reals(filters * inputs), reals(units)]
  const time = Array.from({ length: filters * steps }, (_, at) =>
    at % steps === steps - 1 ? Math.fround(random.normal()) : past()
  )
  const made = draft()
  const input = made.tensor({ dims: [1, inputs] })
  const output = made.tensor({ dims: [1, units] })
  const constants = [made.floats([filters, inputs], features), made.floats([filters, steps], time)]
  const operands = [input, ...constants, made.floats([units], bias)]
  made.add('SVDF', [...operands, made.tensor({ dims: [1, filters * steps] })], output, {
    rank,
    activation: 1
  })
  const kept = Array.from({ length: filters }, () => new Array<number>(steps).fill(0))
  const step = (x: readonly number[]): number[] => {
    for (const [filter, results] of kept.entries()) {
      results.shift()
      const row = features.slice(filter * inputs, (filter + 1) * inputs)
      results.push(row.reduce((sum, weight, at) => sum + weight * x[at]!, 0))
    }
    return bias.map((own, unit) => {
      let sum = own
      for (let filter = unit * rank; filter < (unit + 1) * rank; filter++)
        for (let at = 0; at < steps; at++) sum += kept[filter]![at]! * time[filter * steps + at]!
      return Math.max(0, sum)
    })
  }
  return { model: made.model([input], [output]), inputs, step }
}

describe('SVDF of TFLite files', () => {
  it.each([
    { rank: 1, steps: 1 },
    { rank: 2, steps: 1 },
    { rank: 1, steps: 4 },
    { rank: 3, steps: 2 }
  ])('of rank $rank, of whose $steps steps only the last counts', ({ rank, steps }) => {
    const { model, inputs, step } = filterNetwork(rank, steps, () => 0)
    // What an earlier run leaves in the state changes nothing.
    for (let trial = 0; trial < 5; trial++) {
      const x = reals(inputs)
      expectClose(run(model, x), step(x))
    }
  })

  it('in integers is within a step of the integer kernel', () => {
    const [inputs, filters, rank, steps] = [6, 8, 2, 3]
    const [sx, sf, ss, st, so, zx, zo] = [0.05, 0.02, 0.002, 0.01, 0.1, 7, -128]
    const codes = (count: number, most: number): number[] =>
      Array.from({ length: count }, () => random.integer(2 * most + 1) - most)
    const features = codes(filters * inputs, 127)
    const time = codes(filters * steps, 127).map((code, at) => (at % steps === steps - 1 ? code : 0))
    const bias = codes(filters / rank, 50_000)
    const made = draft()
    const coded = (
      dims: number[],
      type: 'int8' | 'int16' | 'int32',
      scale: number,
      own?: number[]
    ): number => {
      const arrays = { int8: Int8Array, int16: Int16Array, int32: Int32Array } as const
      const data = own === undefined ? null : new Uint8Array(arrays[type].from(own).buffer)
      return made.tensor({ dims, type, data, scales: [scale], zeros: [0] })
    }
    const input = made.tensor({ dims: [1, inputs], type: 'int8', scales: [sx], zeros: [zx] })
    const output = made.tensor({ dims: [1, filters / rank], type: 'int8', scales: [so], zeros: [zo] })
    const operands = [
      coded([filters, inputs], 'int8', sf, features),
      coded([filters, steps], 'int16', st, time),
      coded([filters / rank], 'int32', ss * st, bias),
      coded([1, filters * steps], 'int16', ss)
    ]
    made.add('SVDF', [input, ...operands], output, { rank, activation: 1 })
    const x = codes(inputs, 120)
    const state = Array.from({ length: filters }, (_, filter) => {
      let dot = 0
      for (let at = 0; at < inputs; at++) dot += features[filter * inputs + at]! * (x[at]! - zx)
      return Math.min(32767, Math.max(-32768, Math.round((dot * sx * sf) / ss)))
    })
    const wanted = bias.map((own, unit) => {
      let sum = own
      for (let filter = unit * rank; filter < (unit + 1) * rank; filter++)
        sum += time[filter * steps + steps - 1]! * state[filter]!
      const code = Math.round((sum * ss * st) / so) + zo
      return so * (Math.min(127, Math.max(-128, code)) - zo)
    })
    expect(wanted.filter((value) => value > 0 && value < 255 * so).length).toBeGreaterThan(1)
    const found = run(
      made.model([input], [output]),
      x.map((code) => sx * (code - zx))
    )
    for (const [at, value] of wanted.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(so)
  })

  it('whose former runs count is refused by name', () => {
    const { model } = filterNetwork(2, 3, () => 0.5)
    const { obstacles } = readOnnx(tfliteToOnnx(decodeTflite(encodeTflite(model))))
    expect(obstacles.map(({ operator }) => operator)).toEqual(['SVDF'])
    expect(obstacles[0]!.message).toContain('its result depends on the 2 runs before')
    expect(obstacles[0]!.hint).toContain('takes a whole recording at once')
  })
})

describe('int8 TFLite files', () => {
  /** Input scale 0.5, zero -2; weights with a scale per output; bias of scale input * weights. */
  function quantized(): TfliteModel {
    const made = draft()
    const input = made.tensor({ dims: [1, 2], type: 'int8', scales: [0.5], zeros: [-2] })
    const weights = made.tensor({
      name: 'w',
      dims: [2, 2],
      type: 'int8',
      data: new Uint8Array(Int8Array.of(4, -8, 2, 6).buffer),
      scales: [0.25, 0.5],
      zeros: [0, 0]
    })
    const bias = made.tensor({
      dims: [2],
      type: 'int32',
      data: new Uint8Array(Int32Array.of(8, -4).buffer),
      scales: [0.125, 0.25],
      zeros: [0, 0]
    })
    const output = made.tensor({ name: 'scores', dims: [1, 2], type: 'int8', scales: [0.1], zeros: [0] })
    made.add('FULLY_CONNECTED', [input, weights, bias], output, { activation: 0 })
    return made.model([input], [output])
  }

  it('are the dequantized network in float: W = [[1, -2], [1, 3]], b = [1, -1]', () => {
    expectClose(run(quantized(), [2, 0.5]), [2, 2.5])
  })

  it('bring their scheme, and what an input byte means', () => {
    const { imported } = readOnnx(tfliteToOnnx(decodeTflite(encodeTflite(quantized()))))
    const { graph } = imported!
    expect(schemeKey(exportedScheme(graph))).toBe('w8a8')
    expect(graph.exported).toEqual([
      {
        layer: 'scores',
        weights: { bits: 8, scales: [0.25, 0.5], zero: 0 },
        activations: { bits: 8, scales: [0.5], zero: -2 }
      }
    ])
    // Code q is the byte q + 128: real = 0.5 * (q + 2)
    expect([graph.inputScale, graph.inputZero]).toEqual([0.5, 2])
  })

  it('are checked and opened like ONNX files', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bitbench tflite '))
    const file = path.join(folder, 'scores.tflite')
    await writeFile(file, encodeTflite(quantized()))
    expect(await checkModelFile(file)).toMatchObject({
      readable: true,
      deployable: true,
      exported: { scheme: [{ layer: 'scores', weightBits: 8, activationBits: 8 }] }
    })
    const { summary } = await createModelFiles({ modelsFolder: folder, openedFile: null }).open(file)
    expect(summary.name).toBe('scores')
    await writeFile(path.join(folder, 'scores.json'), '{}')
    const parts = await modelFileParts(file)
    expect(parts.map(({ location }) => location)).toEqual(['scores.tflite', 'scores.json'])
  })
})

describe('TFLite files as networks of a workload', () => {
  it('run in onnxruntime when they are written as ONNX; an operator without ONNX form is named', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bitbench tflite '))
    const made = draft()
    const input = made.tensor({ dims: [1, 3] })
    const [weights, bias] = [made.floats([2, 3], [1, 2, 3, -1, 0, 0.5]), made.floats([2], [10, 20])]
    const output = made.tensor({ dims: [1, 2] })
    made.add('FULLY_CONNECTED', [input, weights, bias], output)
    const file = path.join(folder, 'net.tflite')
    await writeFile(file, encodeTflite(made.model([input], [output])))
    const model = await readForRewriting(file)
    const session = await openOrtSession(encodeOnnx(model))
    const [name] = session.inputNames
    const found = await session.run({ [name!]: realTensor(Float32Array.of(1, 2, 4), [1, 3]) })
    // 1 + 4 + 12 + 10 and -1 + 2 + 20
    expect([...tensorReals(found[model.outputs[0]!.name]!)]).toEqual([27, 21])

    const other = draft()
    const [from, to] = [other.tensor({ dims: [1, 4] }), other.tensor({ dims: [1, 4] })]
    other.add('MyFilter', [from], to, {}, true)
    const foreign = path.join(folder, 'foreign.tflite')
    await writeFile(foreign, encodeTflite(other.model([from], [to])))
    await expect(readForRewriting(foreign)).rejects.toMatchObject({
      code: 'model.unsupportedOperator',
      message: expect.stringContaining('MyFilter') as string,
      hint: expect.stringContaining('-- COMMAND') as string
    })
  })
})

describe('TFLite files that are not read', () => {
  it('name every operator without a counterpart and a remedy', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 4] })
    const [a, output] = [made.tensor({ dims: [1, 4] }), made.tensor({ dims: [1, 4] })]
    made.add('SVDF', [input], a)
    made.add('MyFilter', [a], output, {}, true)
    const { obstacles } = readOnnx(tfliteToOnnx(decodeTflite(encodeTflite(made.model([input], [output])))))
    expect(obstacles.map(({ operator }) => operator)).toEqual(['SVDF', 'MyFilter'])
    expect(obstacles.every(({ hint }) => hint.includes('TFLite operators'))).toBe(true)
  })

  it('refuse a tensor that no memory holds', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 2 ** 31 - 1] })
    const output = made.tensor({ dims: [1, 2 ** 31 - 1] })
    made.add('RELU', [input], output)
    expect(() => tfliteToOnnx(decodeTflite(encodeTflite(made.model([input], [output]))))).toThrow(AppError)
  })

  it.each([
    ['its input', 0],
    ['a filter', 1],
    ['an output', 2]
  ])('name a dilated Conv1D that lacks %s', (_, lacking) => {
    const made = draft()
    const given = (index: number, position: number): number => (position === lacking ? -1 : index)
    const plain = { padding: 1, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, activation: 0 }
    const input = made.tensor({ dims: [1, 8, 2] })
    const [block, pads] = [made.ints([2]), made.ints([0, 0], [1, 2])]
    const spread = made.tensor({ dims: [2, 4, 2] })
    const wide = made.tensor({ dims: [2, 1, 4, 2] })
    const sums = made.tensor({ dims: [2, 1, 3, 3] })
    const narrow = made.tensor({ dims: [2, 3, 3] })
    const output = made.tensor({ dims: [1, 6, 3] })
    made.add('SPACE_TO_BATCH_ND', [given(input, 0), block, pads], spread)
    made.add('EXPAND_DIMS', [spread, made.ints([1])], wide)
    made.add('CONV_2D', [wide, given(made.floats([3, 1, 2, 2], reals(12)), 1), -1], sums, plain)
    made.add('SQUEEZE', [sums], narrow, { axes: [1] })
    made.add('BATCH_TO_SPACE_ND', [narrow, block, pads], lacking === 2 ? [] : output)
    expect(() => tfliteToOnnx(made.model([input], [output]))).toThrow(
      expect.objectContaining({
        code: 'model.invalid',
        message: expect.stringContaining('SPACE_TO_BATCH_ND') as string
      })
    )
  })

  it('report a damaged file as one, wherever it is cut or a byte is changed', () => {
    const made = draft()
    const input = made.tensor({ dims: [1, 2] })
    const output = made.tensor({ dims: [1, 1] })
    made.add('FULLY_CONNECTED', [input, made.floats([1, 2], [1, 2]), -1], output, { activation: 0 })
    const bytes = encodeTflite(made.model([input], [output]))
    expect(isTflite(bytes)).toBe(true)
    const attempt = (damaged: Uint8Array): void => {
      try {
        readOnnx(tfliteToOnnx(decodeTflite(damaged)))
      } catch (reason) {
        expect(reason).toBeInstanceOf(AppError)
      }
    }
    for (let length = 8; length < bytes.length; length += 5) attempt(bytes.subarray(0, length))
    for (let at = 8; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at] = at % 2 === 0 ? 0xff : 0
      attempt(damaged)
    }
  })
})
