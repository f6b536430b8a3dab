import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { readOnnx } from '@core/model/onnx/importOnnx'
import {
  int,
  ints,
  text,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx/onnx'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { runModel } from '@main/model/files/runFile'
import { compareWithOnnxruntime } from '../../../../support/importAgreement'

const random = createRandom(11)
const reals = (name: string, dims: number[], spread = 0.5): OnnxTensor => ({
  name,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => spread * random.normal())
})
const scalar = (name: string, value: number): OnnxTensor => ({ name, dims: [], data: Float32Array.of(value) })

function model(
  nodes: (Partial<OnnxNode> & { opType: string; inputs: string[]; outputs: string[] })[],
  initializers: OnnxTensor[],
  dims: number[],
  opset = 13
): OnnxModel {
  return {
    name: 'dialect',
    opset,
    nodes: nodes.map((node, at) => ({ name: `n${at}`, domain: '', attributes: {}, ...node })),
    initializers,
    inputs: [{ name: 'x', elementType: 'float32', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, elementType: 'float32', dims: null }],
    metadata: {}
  }
}

describe('recurrences are unrolled as onnxruntime computes them', () => {
  const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const
  const kinds = (['LSTM', 'GRU', 'RNN'] as const).flatMap((opType) =>
    ['forward', 'reverse', 'bidirectional'].flatMap((direction) =>
      [0, 1].map((linear) => ({ opType, direction, linear }))
    )
  )
  it.each(kinds)('$opType $direction, linear_before_reset $linear', async ({ opType, direction, linear }) => {
    const [hidden, inputs, steps] = [3, 4, 5]
    const directions = direction === 'bidirectional' ? 2 : 1
    const attributes: Record<string, OnnxAttribute> = { hidden_size: int(hidden), direction: text(direction) }
    if (opType === 'GRU') attributes['linear_before_reset'] = int(linear)
    // Half of them name the functions that they have anyway.
    const usual = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] }[opType]
    if (direction !== 'forward')
      attributes['activations'] = { kind: 'strings', value: directions === 2 ? [...usual, ...usual] : usual }
    const rows = gates[opType] * hidden
    const first = linear === 1 ? [reals('h', [directions, 1, hidden])] : []
    const base = model(
      [
        {
          opType,
          inputs: ['turned', 'w', 'r', 'b', '', ...first.map(({ name }) => name)],
          outputs: ['all', 'last'],
          attributes
        },
        { opType: 'Transpose', inputs: ['x'], outputs: ['turned'], attributes: { perm: ints([1, 0, 2]) } },
        { opType: 'Transpose', inputs: ['all'], outputs: ['y'], attributes: { perm: ints([2, 1, 0, 3]) } }
      ],
      [
        reals('w', [directions, rows, inputs]),
        reals('r', [directions, rows, hidden]),
        reals('b', [directions, 2 * rows]),
        ...first
      ],
      [1, steps, inputs]
    )
    const sorted = { ...base, nodes: [base.nodes[1]!, base.nodes[0]!, base.nodes[2]!] }
    expect(await compareWithOnnxruntime(sorted, 3)).toMatchObject({ kind: 'equal' })
    const turned: OnnxNode = { ...base.nodes[2]!, inputs: ['last'], attributes: { perm: ints([1, 0, 2]) } }
    expect(
      await compareWithOnnxruntime({ ...sorted, nodes: [...sorted.nodes.slice(0, 2), turned] }, 4)
    ).toMatchObject({ kind: 'equal' })
  })
})

it.each(['forward', 'bidirectional'])(
  'takes a %s first state that is computed from the input',
  async (direction) => {
    const directions = direction === 'bidirectional' ? 2 : 1
    const made = model(
      [
        { opType: 'Slice', inputs: ['x', 'zero', 'four', 'last'], outputs: ['sequence'] },
        { opType: 'Slice', inputs: ['x', 'four', 'six', 'last'], outputs: ['tail'] },
        { opType: 'Reshape', inputs: ['tail', 'shape'], outputs: ['states'] },
        { opType: 'Split', inputs: ['states'], outputs: ['h', 'c'], attributes: { axis: int(0) } },
        {
          opType: 'Transpose',
          inputs: ['sequence'],
          outputs: ['turned'],
          attributes: { perm: ints([1, 0, 2]) }
        },
        {
          opType: 'LSTM',
          inputs: ['turned', 'w', 'r', 'b', '', 'h', 'c'],
          outputs: ['all', 'y'],
          attributes: { hidden_size: int(3), direction: text(direction) }
        },
        { opType: 'Transpose', inputs: ['y'], outputs: ['z'], attributes: { perm: ints([1, 0, 2]) } }
      ],
      [
        reals('w', [directions, 12, 4]),
        reals('r', [directions, 12, 3]),
        reals('b', [directions, 24]),
        ...[0, 4, 6].map((at) => ({
          name: ['zero', '', '', '', 'four', '', 'six'][at]!,
          dims: [1],
          data: BigInt64Array.of(BigInt(at))
        })),
        { name: 'last', dims: [1], data: BigInt64Array.of(2n) },
        { name: 'shape', dims: [3], data: BigInt64Array.of(BigInt(2 * directions), 1n, 3n) }
      ],
      // Two columns of 3 * directions rows: the states [2 * directions, 1, 3].
      [1, 3 * directions, 6]
    )
    expect(await compareWithOnnxruntime(made, 6)).toMatchObject({ kind: 'equal' })
  }
)

it('refuses a recurrence with a function that is not known', () => {
  const made = model(
    [
      {
        opType: 'LSTM',
        inputs: ['x', 'w', 'r'],
        outputs: ['', 'y'],
        attributes: {
          hidden_size: int(3),
          activations: { kind: 'strings', value: ['Affine', 'Tanh', 'Tanh'] }
        }
      }
    ],
    [reals('w', [1, 12, 4]), reals('r', [1, 12, 3])],
    [1, 1, 4]
  )
  expect(readOnnx(made).obstacles).toMatchObject([
    { node: 'n0', message: expect.stringContaining('the activation Affine') as string }
  ])
})

describe('quantized dialects', () => {
  const run = (made: OnnxModel, input: number[]): number[] => {
    const { imported, obstacles } = readOnnx(made)
    expect(obstacles).toEqual([])
    return [...createImportedRunner(imported!)(Float32Array.from(input)).values]
  }

  it('dequantizes weights per output channel: (code - zero) * scale', () => {
    const made = model(
      [
        { opType: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['w'], attributes: { axis: int(0) } },
        { opType: 'Gemm', inputs: ['x', 'w'], outputs: ['y'], attributes: { transB: int(1) } }
      ],
      [
        { name: 'q', dims: [2, 2], data: Int8Array.of(10, -4, 6, 8) },
        { name: 's', dims: [2], data: Float32Array.of(0.5, 0.25) },
        { name: 'z', dims: [2], data: Int8Array.of(2, 0) }
      ],
      [1, 2]
    )
    // W = [[4, -3], [1.5, 2]]
    expect(run(made, [1, 1])).toEqual([1, 3.5])
  })

  it('keeps the ReLU that an exporter left to the codes beginning at 0', () => {
    const made = model(
      [
        { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
        { opType: 'QuantizeLinear', inputs: ['m', 's', 'z'], outputs: ['q'] },
        { opType: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['y'] }
      ],
      [
        { name: 'w', dims: [1, 3], data: Float32Array.of(-1, 1, 100) },
        scalar('s', 0.1),
        { name: 'z', dims: [], data: Int8Array.of(-128) }
      ],
      [1, 1]
    )
    const [negative, within, above] = run(made, [2])
    expect(negative).toBe(0)
    expect(within).toBe(2)
    // 255 codes of 0.1
    expect(above).toBeCloseTo(25.5, 4)
  })

  it('reads QLinearMatMul as a product of real values', () => {
    const made = model(
      [
        { opType: 'QuantizeLinear', inputs: ['x', 'xs', 'xz'], outputs: ['q'] },
        { opType: 'QLinearMatMul', inputs: ['q', 'xs', 'xz', 'w', 'ws', 'wz', 'ys', 'yz'], outputs: ['p'] },
        { opType: 'DequantizeLinear', inputs: ['p', 'ys', 'yz'], outputs: ['y'] }
      ],
      [
        scalar('xs', 0.01),
        { name: 'xz', dims: [], data: Uint8Array.of(128) },
        { name: 'w', dims: [2, 1], data: Int8Array.of(10, 20) },
        scalar('ws', 0.1),
        { name: 'wz', dims: [], data: Int8Array.of(0) },
        scalar('ys', 0.05),
        { name: 'yz', dims: [], data: Uint8Array.of(128) }
      ],
      [1, 2]
    )
    // 0.5 * 1 + 0.25 * 2
    expect(run(made, [0.5, 0.25])[0]).toBeCloseTo(1, 5)
  })

  it('reads Quant of QONNX on weights: 2 bits, scale 0.5, codes -2 to 1', () => {
    const made = model(
      [
        {
          opType: 'Quant',
          domain: 'qonnx.custom_op.general',
          inputs: ['raw', 's', 'z', 'bits'],
          outputs: ['w'],
          attributes: { signed: int(1), narrow: int(0), rounding_mode: text('ROUND') }
        },
        { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }
      ],
      [
        { name: 'raw', dims: [1, 4], data: Float32Array.of(-5, -0.3, 0.2, 9) },
        scalar('s', 0.5),
        scalar('z', 0),
        scalar('bits', 2)
      ],
      [1, 1]
    )
    // -0.3 / 0.5 = -0.6 rounds to -1; 0.4 to 0.
    expect(run(made, [1])).toEqual([-1, -0.5, 0, 0.5])
  })

  it('refuses a scale per channel of an activation by name', () => {
    const made = model(
      [{ opType: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['y'] }],
      [
        { name: 's', dims: [2], data: Float32Array.of(1, 2) },
        { name: 'z', dims: [2], data: Int8Array.of(0, 0) }
      ],
      [1, 2]
    )
    expect(readOnnx(made).obstacles).toMatchObject([{ node: 'n0', operator: 'QuantizeLinear' }])
  })

  it('leaves a QLinearSoftmax at the end out of the graph as a Softmax is, and reads it in the middle', () => {
    const softmax = {
      opType: 'QLinearSoftmax',
      domain: 'com.microsoft',
      attributes: { axis: int(-1), opset: int(13) }
    }
    const parameters = [
      { name: 'w', dims: [2, 2], data: Float32Array.of(1, 0, 0, 1) },
      scalar('s', 0.1),
      { name: 'z', dims: [], data: Uint8Array.of(128) },
      scalar('ps', 1 / 256),
      { name: 'pz', dims: [], data: Uint8Array.of(0) }
    ]
    const nodes = [
      { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
      { opType: 'QuantizeLinear', inputs: ['m', 's', 'z'], outputs: ['q'] },
      { ...softmax, inputs: ['q', 's', 'z', 'ps', 'pz'], outputs: ['p'] },
      { opType: 'DequantizeLinear', inputs: ['p', 'ps', 'pz'], outputs: ['y'] }
    ]
    // exp(1) : exp(0)
    const [first, second] = run(model(nodes, parameters, [1, 2]), [1, 0])
    expect([first, second]).toEqual([expect.closeTo(0.73106, 4), expect.closeTo(0.26894, 4)])
    const read = readOnnx(model(nodes, parameters, [1, 2])).imported!
    expect(read.graph.nodes.map(({ op }) => op)).not.toContain('softmax')
    const middle = [...nodes, { opType: 'MatMul', inputs: ['y', 'w'], outputs: ['last'] }]
    expect(run(model(middle, parameters, [1, 2]), [1, 0])).toEqual([
      expect.closeTo(0.73106, 4),
      expect.closeTo(0.26894, 4)
    ])
  })

  it('reads layers of QONNX with the channels last as the same layers with the channels first', async () => {
    const domain = 'qonnx.custom_op.channels_last'
    const weights = reals('w', [3, 2, 2, 2])
    const turned = new Float32Array(weights.data.length)
    // [outputs, inputs, rows, columns] to [outputs, rows, columns, inputs]
    for (let o = 0; o < 3; o++)
      for (let i = 0; i < 2; i++)
        for (let at = 0; at < 4; at++)
          turned[(o * 4 + at) * 2 + i] = weights.data[(o * 2 + i) * 4 + at] as number
    const norm = ['gamma', 'beta', 'mean'].map((name) => reals(name, [3]))
    const variance = { name: 'variance', dims: [3], data: Float32Array.of(1, 2, 3) }
    const window = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }
    const layers = (own: string, conv: string, input: string): Parameters<typeof model>[0] => [
      {
        opType: 'Conv',
        domain: own,
        inputs: [input, conv],
        outputs: ['c'],
        attributes: { kernel_shape: ints([2, 2]) }
      },
      {
        opType: 'BatchNormalization',
        domain: own,
        inputs: ['c', 'gamma', 'beta', 'mean', 'variance'],
        outputs: ['n']
      },
      { opType: 'MaxPool', domain: own, inputs: ['n'], outputs: ['y'], attributes: window }
    ]
    const first = model(
      [
        { opType: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: ints([0, 3, 1, 2]) } },
        ...layers('', 'w', 't').slice(0, 2),
        { opType: 'MaxPool', inputs: ['n'], outputs: ['p'], attributes: window },
        { opType: 'Transpose', inputs: ['p'], outputs: ['y'], attributes: { perm: ints([0, 2, 3, 1]) } }
      ],
      [weights, ...norm, variance],
      [1, 5, 5, 2]
    )
    const last = model(
      layers(domain, 'wl', 'x'),
      [{ name: 'wl', dims: [3, 2, 2, 2], data: turned }, ...norm, variance],
      [1, 5, 5, 2]
    )
    expect(await compareWithOnnxruntime(first, 5)).toMatchObject({ kind: 'equal' })
    const input = Array.from({ length: 50 }, () => random.normal())
    expect(run(last, input)).toEqual(run(first, input))
  })
})

describe('dynamically quantized networks, on inputs that 8 bits hold exactly', () => {
  // Codes 0 to 255 of 1 / 255: quantizing them at run time changes nothing.
  const exact = (count: number): Float32Array =>
    Float32Array.from(
      { length: count },
      (_, at) => (at === 0 ? 255 : at === 1 ? 0 : random.integer(256)) / 255
    )
  const codes = (name: string, dims: number[]): OnnxTensor => ({
    name,
    dims,
    data: Uint8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.integer(256))
  })
  const bytes = (name: string, values: number[]): OnnxTensor => ({
    name,
    dims: values.length === 1 ? [] : [values.length],
    data: Uint8Array.from(values)
  })

  async function expectAgreement(made: OnnxModel, given: number | Float32Array | Uint8Array): Promise<void> {
    const input = typeof given === 'number' ? exact(given) : given
    const session = await ort.InferenceSession.create(encodeOnnx(made), {
      graphOptimizationLevel: 'disabled'
    })
    const results = await session.run({
      x: new ort.Tensor(made.inputs[0]!.elementType as 'float32', input, made.inputs[0]!.dims as number[])
    })
    const wanted = results[session.outputNames[0]!]!.data as Float32Array
    const { imported, obstacles } = readOnnx(made)
    expect(obstacles).toEqual([])
    const found = createImportedRunner(imported!)(Float32Array.from(input)).values
    expect(found.length).toBe(wanted.length)
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (const [at, value] of wanted.entries())
      expect(Math.abs(found[at]! - value)).toBeLessThan(1e-5 * largest)
  }

  const quantize = { opType: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'qs', 'qz'] }
  const back = [
    { opType: 'Cast', inputs: ['sums'], outputs: ['real'], attributes: { to: int(1) } },
    { opType: 'Mul', inputs: ['qs', 'ws'], outputs: ['scale'] },
    { opType: 'Mul', inputs: ['real', 'scale'], outputs: ['y'] }
  ]

  it.each([
    ['Conv', 'ConvInteger', [1, 2, 4, 4], [3, 2, 3, 3]],
    ['MatMul', 'MatMulInteger', [1, 2, 5], [5, 3]]
  ] as const)('%s as %s', async (_, opType, dims, weights) => {
    const made = model(
      [quantize, { opType, inputs: ['q', 'w', 'qz', 'wz'], outputs: ['sums'] }, ...back],
      [codes('w', [...weights]), bytes('wz', [117]), scalar('ws', 0.02)],
      [...dims]
    )
    await expectAgreement(
      made,
      dims.reduce<number>((a, b) => a * b, 1)
    )
  })

  it.each([
    ['MatMulInteger', [1, 2, 5], [5, 3]],
    ['ConvInteger', [1, 2, 4, 4], [3, 2, 3, 3]]
  ])('%s of codes of a fixed scale', async (opType, dims, weights) => {
    const made = model(
      [
        { opType: 'QuantizeLinear', inputs: ['x', 'qs', 'qz'], outputs: ['c'] },
        { opType: 'Reshape', inputs: ['c', 'shape'], outputs: ['q'] },
        { opType, inputs: ['q', 'w', 'qz', 'wz'], outputs: ['sums'] },
        ...back
      ],
      [
        { name: 'shape', dims: [dims.length], data: BigInt64Array.from(dims, BigInt) },
        codes('w', weights),
        bytes('wz', [117]),
        bytes('qz', [13]),
        scalar('qs', 1 / 128),
        scalar('ws', 0.02)
      ],
      dims
    )
    // Numbers that their codes stand for, 0 to 120 / 128.
    const input = Float32Array.from(
      { length: dims.reduce((a, b) => a * b, 1) },
      () => random.integer(121) / 128
    )
    await expectAgreement(made, input)
  })

  it('MatMulInteger of integers that the network takes, with a zero point per column of the right ones', async () => {
    const made = model(
      [
        { opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['right'] },
        { opType: 'MatMulInteger', inputs: ['w', 'right', 'wz', 'zeros'], outputs: ['sums'] },
        { opType: 'Cast', inputs: ['sums'], outputs: ['y'], attributes: { to: int(1) } }
      ],
      [
        codes('w', [3, 3]),
        bytes('wz', [117]),
        bytes('zeros', [3, 0, 250]),
        { name: 'shape', dims: [2], data: BigInt64Array.of(3n, 3n) }
      ],
      [1, 3, 3]
    )
    const [x] = made.inputs
    await expectAgreement(
      { ...made, inputs: [{ ...x!, elementType: 'uint8' }] },
      Uint8Array.from({ length: 9 }, () => random.integer(256))
    )
  })

  it('refuses integer products of values whose codes are not known', () => {
    const made = model(
      [
        { opType: 'Relu', inputs: ['x'], outputs: ['q'] },
        { opType: 'MatMulInteger', inputs: ['q', 'w'], outputs: ['y'] }
      ],
      [codes('w', [5, 3])],
      [1, 2, 5]
    )
    expect(readOnnx(made).obstacles.map(({ message }) => message)).toEqual([
      expect.stringContaining('the codes of its input 1 are not known')
    ])
  })

  it('MatMulIntegerToFloat and DynamicQuantizeMatMul, with zero points and scales per column and a bias', async () => {
    const parts = [
      codes('w', [5, 3]),
      bytes('wz', [117, 3, 250]),
      { name: 'ws', dims: [3], data: Float32Array.of(0.1, 0.02, 0.3) },
      reals('b', [3])
    ]
    const domain = 'com.microsoft'
    const whole = model(
      [{ opType: 'DynamicQuantizeMatMul', domain, inputs: ['x', 'w', 'ws', 'wz', 'b'], outputs: ['y'] }],
      parts,
      [1, 2, 5]
    )
    await expectAgreement(whole, 10)
    const split = model(
      [
        quantize,
        {
          opType: 'MatMulIntegerToFloat',
          domain,
          inputs: ['q', 'w', 'qs', 'ws', 'qz', 'wz', 'b'],
          outputs: ['y']
        }
      ],
      parts,
      [1, 2, 5]
    )
    await expectAgreement(split, 10)
  })
})

describe('Gemm in every form', () => {
  const forms = [0, 1].flatMap((transA) =>
    [0, 1].flatMap((transB) => ['constant', 'computed', 'left'].map((kind) => ({ transA, transB, kind })))
  )
  it.each(forms)('$kind matrix, transA $transA, transB $transB', async ({ transA, transB, kind }) => {
    const [rows, inner, columns] = [3, 4, 2]
    const left = transA === 0 ? [rows, inner] : [inner, rows]
    const right = transB === 0 ? [inner, columns] : [columns, inner]
    const attributes = {
      transA: int(transA),
      transB: int(transB),
      alpha: { kind: 'float', value: 0.5 },
      beta: { kind: 'float', value: 2 }
    } as const
    const bias = reals('c', kind === 'constant' ? [rows, columns] : [columns])
    const turned = { opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['turned'] }
    const inputs = { constant: ['turned', 'm', 'c'], computed: ['turned', 'g', 'c'], left: ['w', 'g', 'c'] }[
      kind
    ]!
    const made = model(
      [
        turned,
        { opType: 'Gemm', inputs: ['turned', 'k'], outputs: ['g'] },
        { opType: 'Gemm', inputs, outputs: ['y'], attributes }
      ],
      [
        { name: 'shape', dims: [2], data: BigInt64Array.from(left, BigInt) },
        reals('k', [left[1]!, right[1]!]),
        reals('w', left),
        reals('m', right),
        bias
      ],
      [1, rows, inner]
    )
    const agreement = await compareWithOnnxruntime(made, 9)
    // Shapes that do not fit are refused by onnxruntime as well.
    if (kind !== 'constant' && left[0] !== right[0]) return expect(agreement.kind).toBe('skipped')
    expect(agreement).toMatchObject({ kind: 'equal' })
  })
})

it('reads a Gemm of a sequence by a matrix with an axis of 1 in front, as optimizers fuse MatMul and Add', () => {
  const made = model(
    [{ opType: 'Gemm', inputs: ['x', 'w', 'c'], outputs: ['y'] }],
    [
      { name: 'w', dims: [1, 2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: 'c', dims: [3], data: Float32Array.of(10, 20, 30) }
    ],
    [1, 2, 2]
  )
  const values = Float64Array.of(1, 0, 1, -1)
  // Rows (1, 2, 3) and (1 - 4, 2 - 5, 3 - 6), plus the bias.
  expect(runModel(made, { shape: [2, 2], values }, 'float', []).outputs[0]).toEqual({
    name: 'y',
    shape: [1, 2, 3],
    values: [11, 22, 33, 7, 17, 27]
  })
})

describe('embeddings: Gather by computed indices', () => {
  const rows = reals('rows', [7, 2, 3])
  const whole = (name: string, dims: number[], values: number[]): OnnxTensor => ({
    name,
    dims,
    data: BigInt64Array.from(values, BigInt)
  })
  // Indices -7 to 6 out of any real input.
  const embedding = (table: OnnxTensor, axis = 0): OnnxModel =>
    model(
      [
        { opType: 'Tanh', inputs: ['x'], outputs: ['t'] },
        { opType: 'Mul', inputs: ['t', 'seven'], outputs: ['m'] },
        { opType: 'Floor', inputs: ['m'], outputs: ['f'] },
        { opType: 'Cast', inputs: ['f'], outputs: ['ids'], attributes: { to: int(7) } },
        { opType: 'Gather', inputs: [table.name, 'ids'], outputs: ['g'], attributes: { axis: int(axis) } },
        { opType: 'Reshape', inputs: ['g', 'flat'], outputs: ['r'] },
        { opType: 'MatMul', inputs: ['r', 'w'], outputs: ['y'] }
      ],
      [table, scalar('seven', 6.99), whole('flat', [3], [1, 5, 6]), reals('w', [6, 4])],
      [1, 5]
    )

  it('equals onnxruntime, indices from the end included', async () => {
    for (let seed = 1; seed <= 10; seed++)
      expect(await compareWithOnnxruntime(embedding(rows), seed)).toMatchObject({ kind: 'equal' })
  })

  it('picks rows in integers as it does in float: at 8 bits each output is that of its row', () => {
    const made: OnnxModel = {
      ...model(
        [{ opType: 'Gather', inputs: ['rows', 'x'], outputs: ['y'] }],
        [{ name: 'rows', dims: [4, 2], data: Float32Array.of(1, -1, 0.5, 0.25, -0.75, 0, 0.125, 1) }],
        [1, 3]
      ),
      inputs: [{ name: 'x', elementType: 'int64', dims: [1, 3] }]
    }
    const array = { shape: [2, 3], values: Float64Array.of(0, 3, 2, 1, 1, 0) }
    const expected = [1, -1, 0.125, 1, -0.75, 0, 0.5, 0.25, 0.5, 0.25, 1, -1]
    expect(runModel(made, array, 'float', []).outputs[0]).toEqual({
      name: 'y',
      shape: [2, 3, 2],
      values: expected
    })
    const found = runModel(made, array, 'int8', []).outputs[0]!.values
    expect(found).toHaveLength(12)
    for (const [at, value] of found.entries()) expect(value).toBeCloseTo(expected[at]!, 1)
  })

  it('refuses more rows than 8 bits reach, other axes and two computed operands', () => {
    const messages = [embedding(reals('rows', [300, 6])), embedding(reals('rows', [6, 7]), 1)].map(
      (made) => readOnnx(made).obstacles[0]?.message
    )
    expect(messages).toEqual([
      expect.stringContaining('300 rows are more than the 256'),
      expect.stringContaining('into the first axis of a constant')
    ])
  })
})
