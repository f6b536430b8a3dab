import { describe, expect, it } from 'vitest'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { sizeOf, type Graph } from '@core/model/graph'
import { storagePlaces } from '@core/model/storage'
import { call, identity, type TableFunction } from '@core/model/tableFunction'
import { hwcWeights } from '@core/quant/hwcGraph'
import { createFloatRunner, realsOfPixels } from '@core/quant/runFloat'
import { openOrtSession, tensorReals, realTensor } from '@main/model/onnxruntime/ortSession'
import { GraphBuilder, operatorCases, operatorChain } from '../../core/quant/operatorGraphs'

const images = 3

/** Outputs of onnxruntime and of the float runner for the same pixels, in ONNX order. */
async function bothOutputs(builder: GraphBuilder, graph: Graph): Promise<[Float32Array, Float32Array]> {
  const pixels = builder.pixels(images)
  const size = sizeOf(graph.inputShape)
  const inputPlaces = storagePlaces(graph.inputShape)
  const outputPlaces = storagePlaces(graph.nodes[graph.output]!.outputShape)
  const reals = realsOfPixels(graph, pixels)
  const given = new Float32Array(reals.length)
  const own = new Float32Array(images * outputPlaces.length)
  const runner = createFloatRunner(graph, hwcWeights(graph))
  for (let image = 0; image < images; image++) {
    for (const [at, place] of inputPlaces.entries()) given[image * size + at] = reals[image * size + place]!
    const out = runner.run(reals.subarray(image * size, (image + 1) * size))[graph.output]!
    for (const [at, place] of outputPlaces.entries()) own[image * outputPlaces.length + at] = out[place]!
  }
  const session = await openOrtSession(exportOnnx(graph))
  const results = await session.run({ image: realTensor(given, [images, ...graph.inputShape]) })
  return [tensorReals(Object.values(results)[0]!), own]
}

function expectNear([theirs, own]: [Float32Array, Float32Array]): void {
  expect(theirs.length).toBe(own.length)
  const largest = Math.max(...own.map(Math.abs))
  const error = own.reduce((worst, value, at) => Math.max(worst, Math.abs(value - theirs[at]!)), 0)
  expect(error / largest).toBeLessThan(1e-5)
}

describe('a graph written as ONNX', () => {
  it.each(Object.entries({ ...operatorCases, 'all of them': operatorChain }))(
    'means in onnxruntime what it means here: %s',
    async (_, build) => {
      const builder = build(21)
      expectNear(await bothOutputs(builder, builder.done()))
    }
  )

  it('keeps node names apart where the network has those of an earlier export', async () => {
    const builder = operatorChain(22)
    const built = builder.done()
    const nodes = built.nodes.map((node, at) => ({
      ...node,
      name: at % 2 === 0 ? `made_${at}` : `made_${at - 1}_relu`
    }))
    const graph: Graph = { ...built, nodes }
    const names = exportOnnx(graph).nodes.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(nodes.length)
    expect(new Set(names).size).toBe(names.length)
    for (const { name } of nodes) expect(names).toContain(name)
    expectNear(await bothOutputs(builder, graph))
  })

  const functions: TableFunction[] = [
    call('relu'),
    call('sigmoid'),
    call('tanh'),
    call('hardSigmoid', 0.2, 0.5),
    call('hardSwish'),
    call('gelu'),
    call('geluTanh'),
    call('erf'),
    call('elu', 0.7),
    call('celu', 0.7),
    call('selu', 1.67, 1.05),
    call('softplus'),
    call('softsign'),
    call('sin'),
    call('cos'),
    call('shrink', 0.4, 0.1),
    call('thresholdedRelu', 0.3),
    call('wrap', -2, 4),
    call('mish'),
    call('exp'),
    call('leakyRelu', 0.1),
    call('clip', -0.2, 0.4),
    call('clip', -Infinity, 0.4),
    call('pow', 2),
    call('neg'),
    call('abs'),
    call('affine', 2.5, -0.3),
    ...(['log', 'sqrt', 'reciprocal'] as const).map((name): TableFunction => ({
      kind: 'call',
      name,
      parameters: [],
      of: call('affine', 0.1, 3)
    })),
    ...(['add', 'sub', 'mul', 'div'] as const).map((join): TableFunction => ({
      kind: 'join',
      join,
      left: identity,
      right: call('affine', 0.1, 2)
    }))
  ]

  it.each(functions.map((f) => [f.kind === 'call' ? f.name : f.kind, f] as const))(
    'means in onnxruntime what it means here: function %s',
    async (_, f) => {
      const builder = new GraphBuilder(5, [2, 6, 5])
      const from = builder.conv(-1, 8)
      builder.push({
        op: 'table',
        name: 'f',
        inputs: [from],
        outputShape: builder.shapeOf(from),
        function: f
      })
      expectNear(await bothOutputs(builder, builder.done()))
    }
  )

  // Below 0, or at it, these give NaN or infinities, for which 0 and the largest float32 stand (tableFunction.ts).
  const broken: [string, TableFunction][] = [
    ['log', call('log')],
    ['sqrt', call('sqrt')],
    ['reciprocal of a relu', { kind: 'call', name: 'reciprocal', parameters: [], of: call('relu') }],
    ['pow', call('pow', 0.5)],
    ['quotient', { kind: 'join', join: 'div', left: call('relu'), right: call('relu') }],
    ['masked log', { kind: 'join', join: 'mul', left: call('relu'), right: call('log') }],
    [
      'masked root and one',
      {
        kind: 'join',
        join: 'add',
        left: { kind: 'join', join: 'mul', left: call('relu'), right: call('sqrt') },
        right: call('abs')
      }
    ]
  ]

  it.each(broken)('has no NaN in its middle: %s', async (_, f) => {
    const builder = new GraphBuilder(6, [2, 6, 5])
    const from = builder.conv(-1, 8)
    const outputShape = builder.shapeOf(from)
    const table = builder.push({ op: 'table', name: 'f', inputs: [from], outputShape, function: f })
    const flat = { kind: 'call', name: 'clip', parameters: [-9, 9], of: identity } as const
    const kept = builder.push({ op: 'table', name: 'g', inputs: [table], outputShape, function: flat })
    builder.conv(kept, 3)
    const [theirs, own] = await bothOutputs(builder, builder.done())
    expectNear([theirs, own])
    expect(own.every(Number.isFinite)).toBe(true)
  })

  it('keeps the NaN and infinities that are its results', async () => {
    const builder = new GraphBuilder(6, [2, 6, 5])
    const from = builder.conv(-1, 8)
    const outputShape = builder.shapeOf(from)
    builder.push({ op: 'table', name: 'f', inputs: [from], outputShape, function: call('log') })
    const [theirs] = await bothOutputs(builder, builder.done())
    expect(theirs.some(Number.isNaN)).toBe(true)
  })
})
