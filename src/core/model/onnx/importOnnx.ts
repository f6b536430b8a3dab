import { AppError } from '../../../shared/errors'
import type { OnnxModel } from './onnx'
import type { Graph } from '../graph'
import { exportedLayers } from './exportedScheme'
import { inputLayouts, undividedLayout } from './inputLayout'
import { movingCost } from '../movingCost'
import type { ImportedOutput, TensorView } from '../tensorView'
import { readNodes, type NodesRead } from './readNodes'
import { dropUnused } from '../passes/dropUnused'
import { foldBatchNorm } from '../passes/foldBatchNorm'
import { foldEmbedded } from '../passes/foldEmbedded'
import { foldForward } from '../passes/foldForward'
import { fuseRelu } from '../passes/fuseRelu'
import { joinLimits } from '../passes/joinLimits'
import { joinTables } from '../passes/joinTables'
import { leaveRounding } from '../passes/leaveRounding'
import { lowerBatchNorm } from '../passes/lowerBatchNorm'

/** What stands in the way of reading or deploying a network. */
export interface Obstacle {
  /** Name of the ONNX node; empty where the whole file is meant. */
  readonly node: string
  readonly operator: string
  readonly message: string
  readonly hint: string
}

/** A network with how its input and output lie in the file it came from. */
export interface ImportedModel {
  readonly graph: Graph
  readonly input: TensorView
  readonly output: ImportedOutput
}

/** What reading a file gave: the network, or what stands in the way. */
export interface ModelReading {
  /** Null where there are obstacles. */
  readonly imported: ImportedModel | null
  readonly obstacles: readonly Obstacle[]
  /** Names of the file's outputs, in its order. */
  readonly outputs: readonly string[]
  /** The errors behind the obstacles, in the same order. */
  readonly errors: readonly AppError[]
}

/**
 * Reads an ONNX model into the typed graph: constants folded, layouts resolved, normalisations folded into neighbours, ReLU
 * fused into the layer it follows. All that stands in the way is reported, not only the first.
 * Bytes p of an image mean `inputScale * (p - 128 + inputZero)`; the model's metadata may say so under "bitbench.inputScale"
 * and "bitbench.inputZero", else p / 255.
 * @param output the output wanted of a network with several; the first if absent
 */
export function readOnnx(model: OnnxModel, output?: string): ModelReading {
  const outputs = model.outputs.map(({ name }) => name)
  try {
    const found = bestReading(model, outputs, output)
    if (found.errors.length > 0 || found.output === null) {
      const errors = found.errors
      return { imported: null, obstacles: errors.map(obstacleOf), outputs, errors }
    }
    return { imported: finished(found, found.output), obstacles: [], outputs, errors: [] }
  } catch (reason) {
    const error = asModelError(reason)
    return { imported: null, obstacles: [obstacleOf(error)], outputs, errors: [error] }
  }
}

/** The graph alone. @throws AppError model.unsupportedOperator, model.unsupportedShape (both name the node), model.invalid. */
export function importOnnx(model: OnnxModel, output?: string): Graph {
  return importModel(model, output).graph
}

/** Returns the graph of a parsed model. @throws AppError as importOnnx; the details list all obstacles. */
export function importModel(model: OnnxModel, output?: string): ImportedModel {
  const { imported, obstacles, errors } = readOnnx(model, output)
  if (imported !== null) return imported
  const [first] = errors
  throw new AppError(first.code, first.message, first.hint, {
    details: { ...first.details, ...(obstacles.length > 1 ? { obstacles } : {}) },
    cause: first
  })
}

/** Of the ways in which the input may lie, the one that is read with the least moving of data. */
function bestReading(model: OnnxModel, outputs: readonly string[], wanted: string | undefined): NodesRead {
  const name = wanted ?? outputs[0]
  if (name === undefined || !outputs.includes(name)) {
    throw new AppError(
      'model.invalid',
      name === undefined ? 'The network has no output.' : `The network has no output "${name}".`,
      outputs.length === 0
        ? 'Check the file with an ONNX checker.'
        : `Its outputs are: ${outputs.join(', ')}.`
    )
  }
  let best: NodesRead | undefined
  let least = Infinity
  for (const layout of inputLayouts(model)) {
    const found = readNodes(model, layout, name)
    const cost = found.errors.length > 0 ? 1e15 + found.errors.length : movingCost(found.graph)
    if (cost < least) [best, least] = [found, cost]
    if (cost === 0) break
  }
  return best!.errors.length === 0 ? best! : undivided(model, name, best!)
}

/**
 * The network read with an input whose first axis does not hold items; where it cannot be read so either, the errors of the reading
 * that comes further.
 */
function undivided(model: OnnxModel, output: string, divided: NodesRead): NodesRead {
  const layout = undividedLayout(model)
  if (layout === null) return divided
  const found = readNodes(model, layout, output)
  const [mixed, other] = [divided.errors[0], found.errors[0]]
  const isSameNode =
    mixed?.details?.['mixesItems'] === true && mixed.details['node'] === other?.details?.['node']
  return found.errors.length === 0 || isSameNode ? found : divided
}

function finished(read: NodesRead, output: ImportedOutput): ImportedModel {
  const { model } = read
  const graph: Graph = {
    ...read.graph,
    // The bytes of indices are what they are.
    inputScale: read.input.isIndex ? 1 : metadataNumber(model, 'bitbench.inputScale', 1 / 255),
    inputZero: read.input.isIndex ? 128 : metadataNumber(model, 'bitbench.inputZero', 128),
    ...(read.inputLimits === null ? {} : { inputLimits: read.inputLimits }),
    ...(Object.hasOwn(model.metadata, dataSetKey) ? { dataSet: model.metadata[dataSetKey] } : {})
  }
  const folded = lowerBatchNorm(foldForward(foldBatchNorm(leaveRounding(dropUnused(graph)))))
  const made = foldEmbedded(joinTables(fuseRelu(joinLimits(folded))))
  const exported = exportedLayers(model, made)
  return { graph: exported === null ? made : { ...made, exported }, input: read.input, output }
}

/** Metadata that names a generated data set. */
const dataSetKey = 'bitbench.dataSet'

function metadataNumber(model: OnnxModel, key: string, fallback: number): number {
  const text = Object.hasOwn(model.metadata, key) ? model.metadata[key] : undefined
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isFinite(value))
    throw new AppError(
      'model.invalid',
      `Metadata ${key} is "${text}", not a number.`,
      'Correct or remove it.'
    )
  return value
}

function obstacleOf(error: AppError): Obstacle {
  const text = (key: string): string => {
    const value = error.details?.[key]
    return typeof value === 'string' ? value : ''
  }
  return { node: text('node'), operator: text('operator'), message: error.message, hint: error.hint }
}

/** Whatever a broken file makes the readers stumble over is a fault of the file, reported as such. */
export function asModelError(reason: unknown): AppError {
  if (reason instanceof AppError) return reason
  return new AppError(
    'model.invalid',
    `The network cannot be read: ${reason instanceof Error ? reason.message : String(reason)}.`,
    'Check the file with an ONNX checker and export it again.',
    { cause: reason }
  )
}
