import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { checkLimits } from '@core/deploy/plan'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { recurrentWorkOf } from '@core/model/workload'
import { readOnnx } from '@core/model/onnx/importOnnx'
import {
  floats,
  int,
  ints,
  strings,
  text,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxTensor
} from '@core/model/onnx/onnx'
import { runInteger } from '@core/quant/integer/runInteger'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { outputOfLogits, prepareIntegers } from '@main/model/files/runFile'

const [hidden, inputs] = [6, 4]
const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const
type OpType = keyof typeof gates

interface Form {
  readonly opType: OpType
  readonly steps: number
  readonly attributes?: Record<string, OnnxAttribute>
  readonly peepholes?: boolean
  /** Last outputs that nothing reads, as PyTorch writes them. */
  readonly unread?: readonly string[]
}

/** A recurrence over x [1, steps, inputs] whose states of all steps are the output. */
function recurrence({ opType, steps, attributes = {}, peepholes = false, unread = [] }: Form): OnnxModel {
  const random = createRandom(steps)
  const direction = attributes['direction']
  const directions = direction?.kind === 'string' && direction.value === 'bidirectional' ? 2 : 1
  const reals = (name: string, dims: readonly number[]): OnnxTensor => ({
    name,
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.next() - 0.5)
  })
  const rows = gates[opType] * hidden
  const holes = peepholes ? ['', '', '', 'p'] : []
  const node = (opType: string, from: string[], to: string[], own: Record<string, OnnxAttribute>) => ({
    name: opType,
    opType,
    domain: '',
    inputs: from,
    outputs: to,
    attributes: own
  })
  return {
    opset: 14,
    name: 'recurrence',
    inputs: [{ name: 'x', elementType: 'float32', dims: [1, steps, inputs] }],
    outputs: [{ name: 'y', elementType: 'float32', dims: null }],
    initializers: [
      reals('w', [directions, rows, inputs]),
      reals('r', [directions, rows, hidden]),
      reals('b', [directions, 2 * rows]),
      ...(peepholes ? [reals('p', [directions, 3 * hidden])] : [])
    ],
    nodes: [
      node('Transpose', ['x'], ['t'], { perm: ints([1, 0, 2]) }),
      node(opType, ['t', 'w', 'r', 'b', ...holes], ['all', ...unread], {
        hidden_size: int(hidden),
        ...attributes
      }),
      { ...node('Transpose', ['all'], ['y'], { perm: ints([2, 0, 1, 3]) }), name: 'back' }
    ],
    metadata: {}
  }
}

const forms: [string, Form][] = [
  ['LSTM', { opType: 'LSTM', steps: 100 }],
  ['GRU', { opType: 'GRU', steps: 70 }],
  ['GRU that resets its product', { opType: 'GRU', steps: 70, attributes: { linear_before_reset: int(1) } }],
  ['RNN', { opType: 'RNN', steps: 66 }],
  [
    'LSTM in both directions',
    { opType: 'LSTM', steps: 65, attributes: { direction: text('bidirectional') } }
  ],
  ['LSTM whose last state and cell have names', { opType: 'LSTM', steps: 80, unread: ['last', 'cell'] }],
  [
    'GRU from the last step to the first, with other functions',
    {
      opType: 'GRU',
      steps: 70,
      attributes: {
        direction: text('reverse'),
        activations: strings(['hardsigmoid', 'TANH']),
        activation_alpha: floats([0.3]),
        activation_beta: floats([0.4])
      }
    }
  ]
]

describe('a recurrence of many steps is one layer', () => {
  it.each(forms)('%s', async (name, form) => {
    const model = recurrence(form)
    const { imported, obstacles } = readOnnx(model)
    expect(obstacles).toEqual([])
    const nodes = imported!.graph.nodes.filter(({ op }) => op === 'recurrent')
    expect(nodes).toHaveLength(/both directions/.test(name) ? 2 : 1)
    // Each has the bits of the layer of its own inputs, and a scheme has no others.
    const layers = weightedLayerNames(imported!.graph)
    expect(recurrentWorkOf(imported!.graph).map(({ bitsOf }) => bitsOf)).toEqual(layers)
    const random = createRandom(3)
    const values = Float64Array.from({ length: 2 * form.steps * inputs }, () => random.next())
    const own = createImportedRunner(imported!)(values.subarray(0, values.length / 2)).values
    const session = await ort.InferenceSession.create(encodeOnnx(model))
    const x = new ort.Tensor('float32', Float32Array.from(values.subarray(0, values.length / 2)), [
      1,
      form.steps,
      inputs
    ])
    const wanted = (await session.run({ x }))['y']!.data as Float32Array
    expect(own).toHaveLength(wanted.length)
    for (const [at, value] of wanted.entries()) expect(Math.abs(own[at]! - value)).toBeLessThan(1e-4)

    const array = { shape: [2, form.steps, inputs], values }
    const made = prepareIntegers(model, array, 'int8', 'y')
    checkLimits(made.network)
    const integers = outputOfLogits(made, runInteger(made.network, made.codes)).values
    // Errors do not grow with the steps: a few hundredths of the states' range, on the last one too.
    for (const [at, value] of wanted.entries()) expect(Math.abs(integers[at]! - value)).toBeLessThan(0.06)
  })

  it('says what unrolls one that is more', () => {
    const { obstacles } = readOnnx(recurrence({ opType: 'LSTM', steps: 65, peepholes: true }))
    expect(obstacles[0]!.message).toContain('65 steps are more than the 64 that are unrolled')
    expect(obstacles[0]!.message).toContain('with peepholes')
  })

  it('refuses a list of functions that is too short for its directions', () => {
    const attributes = { direction: text('bidirectional'), activations: strings(['Sigmoid', 'Tanh']) }
    const { obstacles } = readOnnx(recurrence({ opType: 'GRU', steps: 65, attributes }))
    expect(obstacles[0]!.message).toContain('2 activations are given where there must be 4')
  })

  it.each([
    ['RNN', ['Softsign'], 'functions that still change beyond 8'],
    ['RNN', ['Relu'], 'functions without bounds'],
    ['GRU', ['Tanh', 'Tanh'], 'gates below 0']
  ] as const)('unrolls %s with %s, whose table would not be the function', (opType, names, beyond) => {
    const { obstacles } = readOnnx(
      recurrence({ opType, steps: 65, attributes: { activations: strings(names) } })
    )
    expect(obstacles[0]!.message).toContain(`with ${beyond}`)
  })
})
