import * as ort from 'onnxruntime-node'
import type { HalfPrecision, OnnxElementType, OnnxModel, OnnxNode } from '../../../core/model/onnx/onnx'
import { groupLayers } from '../../../core/workload/onnx/groups'
import type { LayerGroup } from '../../../core/workload/onnx/layerGroup'
import { constantPart, networkOf, type Network } from '../../../core/workload/onnx/network'
import { weightedNode } from '../../../core/workload/onnx/weighted'
import type { ConstantValues } from '../../../core/workload/onnx/precision'
import type { LayerType } from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'
import { mergedDecoder, firstPassOf } from '../../../core/workload/onnx/mergedDecoder'
import { cacheInput, keyValueCache, type KeyValueCache } from './keyValueCache'
import { batchFeeds, readTestSet, stacked, type Feeds, type TestRow, type TestSet } from './testRows'

/** Reads network files and writes .onnx files; the model noun's, given by the entry. */
export interface OnnxFiles {
  read(file: string, half: HalfPrecision): Promise<OnnxModel>
  encode(model: OnnxModel): Uint8Array
}

/** Network, data and provider of a runner. */
export interface SubjectOptions {
  readonly files: OnnxFiles
  readonly modelFile: string
  readonly dataFile: string
  /** Samples per forward pass, where the network leaves that open. */
  readonly batch: number
  readonly provider: string
  readonly threads: number
  /** Test samples used at most. */
  readonly samples: number
  /**
   * Stage times are those of the file as it is (kept). Layers and precisions are of float32, from which half precision is one of the
   * changes (widened).
   */
  readonly half: HalfPrecision
  /** Types of layers that the user names. */
  readonly givenType?: ((id: string) => LayerType | undefined) | undefined
}

/** A network with its test set, opened in onnxruntime. */
export interface Subject {
  /** Of a merged decoder: its version for the first pass. */
  readonly network: Network
  /** The network as the file has it. */
  readonly file: OnnxModel
  readonly cache: KeyValueCache | null
  readonly groups: readonly LayerGroup[]
  readonly test: TestSet
  readonly batch: number
  /** A forward pass of test samples each; the last one may be smaller. */
  readonly testBatches: readonly Feeds[]
  readonly calibrationBatches: readonly Feeds[]
  open(model: OnnxModel): Promise<ort.InferenceSession>
  /** Values inside the network for one batch. */
  capture(values: readonly string[], feeds: Feeds): Promise<Record<string, ort.Tensor>>
  /** Element type of a captured value. */
  typeOf(value: string): OnnxElementType
  /** Shape of a captured value or constant; undefined when it was not captured. */
  shapeOf(value: string): readonly number[] | undefined
  /** Weights as numbers, after what the file does to them. */
  readonly constants: ConstantValues
  /** Nodes with float32 weights that have forms at other precisions. */
  readonly weighted: ReadonlySet<OnnxNode>
}

/** Loads network and test set and looks at every value between layers once. */
export async function openSubject(options: SubjectOptions): Promise<Subject> {
  const file = await options.files.read(options.modelFile, options.half)
  const merged = mergedDecoder(file)
  const cache = keyValueCache(file, merged?.input)
  const model = cache === null || merged === null ? file : firstPassOf(file, merged)
  const network = networkOf(model)
  const groups = groupLayers(network, options.givenType).filter(({ outputs }) => outputs.length > 0)
  const all = readTestSet(options.dataFile)
  const test = { ...all, test: all.test.slice(0, options.samples) }
  const fixed = model.inputs.map(({ dims }) => dims?.[0]).find((size) => typeof size === 'number')
  // A smaller test set is one pass: layers and loops take whole batches.
  const batch = fixed ?? Math.min(options.batch, test.test.length)
  const open = (one: OnnxModel): Promise<ort.InferenceSession> => openSession(one, options)
  const computed = [
    ...new Set([
      ...groups.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
      ...network.nodes
        .filter(({ opType }) => ['MatMul', 'Gemm', 'Conv'].includes(opType))
        .flatMap(({ inputs, outputs }) => [inputs[0] ?? '', ...outputs])
    ])
  ].filter((name) => name !== '')
  const given = new Set(model.inputs.map(({ name }) => name))
  const outputs = computed.filter((name) => !given.has(name))
  const session = await open({
    ...model,
    outputs: outputs.map((name) => ({ name, elementType: 'float32', dims: null, untyped: true }))
  })
  const inputsOf = stackedInputs(model, cache)
  const testBatches = batchFeeds(test.test, inputsOf, batch, fixed !== undefined)
  const calibrationBatches = batchFeeds(test.calibration, inputsOf, batch, true)
  const first = testBatches[0] ?? missingSamples(batch)
  const capture: Subject['capture'] = async (values, feeds) => {
    const wanted = values.filter((name) => !given.has(name))
    const found = wanted.length === 0 ? {} : await session.run(feeds, wanted)
    return {
      ...found,
      ...Object.fromEntries(values.filter((name) => given.has(name)).map((name) => [name, feeds[name]]))
    }
  }
  const seen = await capture(computed, first)
  const facts = new Map(
    Object.entries(seen).map(([name, { type, dims }]) => [name, { type: type as OnnxElementType, dims }])
  )
  const constants = await evaluateWeights(network, open)
  const weighted = network.nodes.filter((node) => {
    const found = weightedNode(network, node)
    const dims = found === null ? undefined : constants.get(found.weights)?.dims
    return dims !== undefined && (found!.kind === 'conv' || dims.length === 2)
  })
  return {
    ...{ network, file, cache, groups },
    weighted: new Set(weighted),
    test,
    batch,
    testBatches,
    calibrationBatches: calibrationBatches.length > 0 ? calibrationBatches : [first],
    open,
    capture,
    typeOf: (value) => facts.get(value)?.type ?? 'float32',
    shapeOf: (value) =>
      facts.get(value)?.dims ?? constants.get(value)?.dims ?? network.initializers.get(value)?.dims,
    constants(name) {
      const found = constants.get(name)
      if (found === undefined) throw new Error(`${name} is not the weights of a layer`)
      return found
    }
  }
}

/** Inputs of a pass over test samples. A network with a key/value cache begins with an empty one, which no sample has to hold. */
function stackedInputs(model: OnnxModel, cache: KeyValueCache | null): (rows: readonly TestRow[]) => Feeds {
  return (rows) => {
    const ids = cache === null ? undefined : rows[0]?.inputs[cache.tokens.name]
    const place = { batch: rows.length, before: 0, tokens: Array.isArray(ids) ? ids.length : 0 }
    return Object.fromEntries(
      model.inputs.map((input) => {
        const isGiven = cache === null || rows.some(({ inputs }) => inputs[input.name] !== undefined)
        return [input.name, (isGiven ? null : cacheInput(input, place)) ?? stacked(rows, input)]
      })
    )
  }
}

function missingSamples(batch: number): never {
  throw new AppError(
    'data.invalid',
    `The test set has fewer samples than one forward pass takes (${batch}).`,
    'Add samples, or export the network with an open batch axis.'
  )
}

/** @throws input.unsupported when the provider cannot be used here */
async function openSession(
  model: OnnxModel,
  { provider, threads, files }: SubjectOptions
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(files.encode(model), {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3
    })
  } catch (cause) {
    throw new AppError(
      'input.unsupported',
      `onnxruntime does not run this on "${provider}": ${String((cause as Error).message ?? cause).slice(0, 300)}`,
      provider === 'cpu'
        ? 'Export the network with operators and types that onnxruntime computes on a processor, float32 first.'
        : 'Try the provider "cpu", or see `bitbench workload check`.',
      { cause }
    )
  }
}

/** Every weight value as numbers: initializers as they are, the rest computed once by the runtime. */
async function evaluateWeights(
  network: Network,
  open: (model: OnnxModel) => Promise<ort.InferenceSession>
): Promise<Map<string, { dims: readonly number[]; data: Float32Array }>> {
  const values = new Map<string, { dims: readonly number[]; data: Float32Array }>()
  const names = [...new Set(network.nodes.flatMap((node) => weightedNode(network, node)?.weights ?? []))]
  for (const name of names) {
    const tensor = network.initializers.get(name)
    if (tensor?.data instanceof Float32Array) values.set(name, { dims: tensor.dims, data: tensor.data })
  }
  const made = names.filter((name) => !network.initializers.has(name))
  if (made.length === 0) return values
  const { nodes, initializers } = constantPart(network, made)
  const outputs = made.map((name) => ({ name, elementType: 'float32' as const, dims: null, untyped: true }))
  const session = await open({ ...network.model, nodes, initializers, inputs: [], outputs })
  for (const [name, { dims, data }] of Object.entries(await session.run({}))) {
    if (data instanceof Float32Array) values.set(name, { dims, data: data.slice() })
  }
  await session.release()
  return values
}
