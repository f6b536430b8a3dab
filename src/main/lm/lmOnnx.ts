import * as ort from 'onnxruntime-node'
import { parameterCount, type LmConfig } from '../../core/lm/config'
import type { LmModel } from '../../core/lm/checkpoint'
import { createFloatDecoder } from '../../core/lm/floatDecoder'
import { decoderFromOnnx } from '../../core/lm/onnx/decoderFromOnnx'
import { decoderInputs } from '../../core/lm/onnx/traceDecoder'
import { createRandom } from '../../core/math/random'
import type { OnnxModel } from '../../core/model/onnx/onnx'
import { AppError } from '../../shared/errors'

/** How ONNX files are read and run. */
export interface OnnxAccess {
  /** @throws AppError for a file that is none */
  read(file: string): Promise<OnnxModel>
  /** A session of onnxruntime. */
  open(file: string): Promise<ort.InferenceSession>
}

/** Fewest tokens that a file's own graph and what was read from it are compared on. */
const minTokens = 12
/** Products that the comparison may take: the whole sequence of a small model, so that a window of its mask is seen. */
const comparedProducts = 2 ** 30

/** Tokens that a model is compared on. */
export function comparedTokens(config: LmConfig): number {
  const affordable = Math.floor(comparedProducts / parameterCount(config))
  return Math.min(config.sequenceLength, Math.max(minTokens, affordable))
}

/** Largest difference of a logit, as a share of the largest logit, that float32 explains. */
const tolerance = 1e-3

/**
 * Reads a Llama-style decoder from an ONNX file and compares its logits with those of onnxruntime on seeded random tokens.
 * @throws AppError model.unsupportedOperator with the node that does not match, model.invalid where logits differ, what `onnx` throws
 */
export async function loadOnnxDecoder(file: string, onnx: OnnxAccess): Promise<LmModel> {
  const graph = await onnx.read(file)
  const model = decoderFromOnnx(graph)
  const { largest, difference } = await compareWithOnnx(await opened(file, onnx), graph, model)
  if (!(difference <= tolerance * largest))
    throw new AppError(
      'model.invalid',
      `Logits read from ${file} differ from those of its own graph by ${difference.toPrecision(2)} (the largest is ${largest.toPrecision(3)}).`,
      'The file computes something that was not recognised: export it again with float32 weights, and report it with the exporter.'
    )
  return model
}

async function opened(file: string, onnx: OnnxAccess): Promise<ort.InferenceSession> {
  return await onnx.open(file).catch((cause: unknown) => {
    throw new AppError(
      'model.invalid',
      `onnxruntime cannot open ${file}: ${AppError.from(cause).message}`,
      'Check the file with an ONNX checker and export it again.',
      { cause }
    )
  })
}

/**
 * The largest logit of a graph on random tokens, and the largest difference of the decoder's float reference from it; ends the session.
 * A file of fixed length is run at that length; its first `most` tokens are compared, because every position was traced.
 */
export async function compareWithOnnx(
  session: ort.InferenceSession,
  graph: OnnxModel,
  model: LmModel,
  seed = 1,
  most = comparedTokens(model.config)
): Promise<{ largest: number; difference: number; tokens: number }> {
  const random = createRandom(seed)
  const { vocabulary } = model.config
  const inputs = decoderInputs(graph, most)
  const length = inputs.find(({ role }) => role === 'tokens')!.dims[1]
  const tokens = Array.from({ length }, () => random.integer(vocabulary))
  const logits = await graphLogits(session, graph, tokens, inputs)
  const decoder = createFloatDecoder(model)
  let [largest, difference] = [0, 0]
  const compared = tokens.slice(0, most)
  for (const [position, token] of compared.entries())
    for (const [at, value] of decoder.step(token).entries()) {
      const own = logits[position * vocabulary + at]
      largest = Math.max(largest, Math.abs(own))
      difference = Math.max(difference, Number.isNaN(own) ? Infinity : Math.abs(own - value))
    }
  return { largest, difference, tokens: compared.length }
}

async function graphLogits(
  session: ort.InferenceSession,
  graph: OnnxModel,
  tokens: readonly number[],
  inputs: ReturnType<typeof decoderInputs>
): Promise<Float32Array | Float64Array> {
  try {
    const feeds = inputs.map(({ name, role, dims }) => {
      const count = dims.reduce((product, size) => product * size, 1)
      if (role === 'past') return [name, new ort.Tensor('float32', new Float32Array(count), dims)] as const
      const values = Array.from({ length: count }, (_, at) =>
        role === 'tokens' ? tokens[at] : role === 'positions' ? at : 1
      )
      const type = graph.inputs.find((value) => value.name === name)!.elementType
      return [name, integers(type, values, dims)] as const
    })
    const name = session.outputNames.includes('logits') ? 'logits' : session.outputNames[0]
    const { data } = (await session.run(Object.fromEntries(feeds), [name]))[name]
    if (data instanceof Float32Array || data instanceof Float64Array) return data
    throw new AppError('model.invalid', `Its output "${name}" is not of float32.`, 'Export it as float32.')
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError(
      'model.invalid',
      `onnxruntime cannot run the file on ${tokens.length} tokens: ${AppError.from(cause).message}`,
      'Where its sequence is shorter, export it with that length fixed.',
      { cause }
    )
  } finally {
    await session.release()
  }
}

function integers(type: string, values: readonly number[], dims: readonly number[]): ort.Tensor {
  if (type === 'int64') return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims)
  if (type === 'int32') return new ort.Tensor('int32', Int32Array.from(values), dims)
  if (type === 'bool') return new ort.Tensor('bool', Uint8Array.from(values), dims)
  return new ort.Tensor('float32', Float32Array.from(values), dims)
}
