import type { Graph } from '../../../core/model/graph'
import { importOnnx } from '../../../core/model/onnx/importOnnx'
import { isTflite } from './tfliteFile'
import { externalLocations, parseOnnx } from './onnxFile'
import { readModelFile, type ModelFile } from './readModelFile'
import { lookAtFile } from '../../files/fileState'
import { readRegularFile } from '../../files/readRegularFile'

/** A network's file as the graph that it holds. */
export interface ReadNetwork extends Omit<ModelFile, 'model'> {
  readonly graph: Graph
  /** Names of the file's outputs; the first is the graph's. */
  readonly outputs: readonly string[]
}

/** Reads and imports a network's file. @throws as readModelFile; AppError model.* for what cannot be imported */
export async function readNetwork(file: string): Promise<ReadNetwork> {
  const { model, ...read } = await readModelFile(file)
  return { ...read, graph: importOnnx(model), outputs: model.outputs.map(({ name }) => name) }
}

/** Size from which a file is imported in a worker, in bytes: below it that takes some ten milliseconds. */
const workerBytes = 2 * 2 ** 20

/**
 * Whether importing a file would keep a thread busy: a large one, or one whose data lies in other files.
 * A file that cannot be read is not; reading it gives the reason.
 */
export async function isLargeNetwork(file: string): Promise<boolean> {
  const found = await lookAtFile(file)
  if (found === null || !found.isFile()) return false
  if (found.size > workerBytes) return true
  try {
    const bytes = await readRegularFile(file, { maxBytes: workerBytes })
    return !isTflite(bytes) && externalLocations(parseOnnx(bytes)).length > 0
  } catch {
    return false
  }
}
