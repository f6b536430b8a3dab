import * as ort from 'onnxruntime-node'
import type { LmModel } from '../../core/lm/checkpoint'
import { createFloatDecoder } from '../../core/lm/floatDecoder'
import { decoderFromOnnx } from '../../core/lm/onnx/decoderFromOnnx'
import { decoderInputs } from '../../core/lm/onnx/traceDecoder'
import { createRandom } from '../../core/math/random'
import type { OnnxModel } from '../../core/model/onnx'
import { AppError } from '../../shared/errors'

/** How ONNX files are read and run. */
export interface OnnxAccess {
  /** @throws AppError for a file that is none */
  read(file: string): Promise<OnnxModel>
  /** A session of onnxruntime. */
  open(file: string): Promise<ort.InferenceSession>
}

/** Tokens that a file's own graph and what was read from it are compared on. */
const comparedTokens = 12
/** Largest difference of a logit, as a share of the largest logit, that float32 explains. */
const tolerance = 1e-3

/**
 * Reads a Llama-style decoder from an ONNX file and compares its logits with those of onnxruntime on seeded random tokens.
 * @throws AppError model.unsupportedOperator with the node that does not match, model.invalid where logits differ, what `onnx` throws
 */
export async function loadOnnxDecoder(file: string, onnx: OnnxAccess): Promise<LmModel> {
  const graph = await onnx.read(file)
  const model = decoderFromOnnx(graph)
  const { largest, difference } = await compareWithOnnx(await onnx.open(file), graph, model)
  if (!(difference <= tolerance * largest))
    throw new AppError(
      'model.invalid',
      `Logits read from ${file} differ from those of its own graph by ${difference.toPrecision(2)} (the largest is ${largest.toPrecision(3)}).`,
      'The file computes something that was not recognised: export it again with float32 weights, and report it with the exporter.'
    )
  return model
}

/** The largest logit of a graph on random tokens, and the largest difference of the decoder's float reference from it; ends the session. */
export async function compareWithOnnx(
  session: ort.InferenceSession,
  graph: OnnxModel,
  model: LmModel,
  seed = 1
): Promise<{ largest: number; difference: number }> {
  const random = createRandom(seed)
  const { vocabulary, sequenceLength } = model.config
  const inputs = decoderInputs(graph, Math.min(comparedTokens, sequenceLength))
  const length = inputs.find(({ role }) => role === 'tokens')!.dims[1]
  const tokens = Array.from({ length }, () => random.integer(vocabulary))
  const logits = await graphLogits(session, graph, tokens, inputs)
  const decoder = createFloatDecoder(model)
  let [largest, difference] = [0, 0]
  for (const [position, token] of tokens.entries())
    for (const [at, value] of decoder.step(token).entries()) {
      const own = logits[position * vocabulary + at]
      largest = Math.max(largest, Math.abs(own))
      difference = Math.max(difference, Number.isNaN(own) ? Infinity : Math.abs(own - value))
    }
  return { largest, difference }
}

async function graphLogits(
  session: ort.InferenceSession,
  graph: OnnxModel,
  tokens: readonly number[],
  inputs: ReturnType<typeof decoderInputs>
): Promise<Float32Array> {
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
    const results = await session.run(Object.fromEntries(feeds), [name])
    return results[name].data as Float32Array
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
