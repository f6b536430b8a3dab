import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { readOnnx } from '@core/model/importOnnx'
import {
  int,
  ints,
  text,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx'
import { createImportedRunner } from '@core/quant/runImported'
import { compareWithOnnxruntime } from '../../../support/importAgreement'

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

describe('quantized dialects', () => {
  const run = (made: OnnxModel, input: number[]): number[] => {
    const { imported, obstacles } = readOnnx(made)
    expect(obstacles).toEqual([])
    return [...createImportedRunner(imported!)(input).values]
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
})
