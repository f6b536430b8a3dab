import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import type { HalfPrecision, OnnxModel } from '../../../core/model/onnx/onnx'
import { fileState, type SeenFile } from '../../files/fileState'
import { readRegularFile } from '../../files/readRegularFile'
import { modelEnding } from '../../../core/model/modelEnding'
import { tfliteDomain } from '../../../core/model/tflite/conversion'
import { tfliteToOnnx } from '../../../core/model/tflite/toOnnx'
import { decodeForRewriting, decodeModel, externalLocations, parseOnnx } from './onnxFile'
import { decodeTflite, isTflite } from './tfliteFile'
import type { ExternalData, ExternalPlace } from './onnxTensorFile'

/** A network's file, ONNX or TFLite (read as ONNX operators), with the weights it keeps beside it. */
export interface ModelFile {
  readonly model: OnnxModel
  /** Hash over the bytes of the file and of the data files it names, first 16 hex digits. */
  readonly id: string
  readonly sizeBytes: number
  /** The files that were read, the network's, then those with its data, each with its state before it was read. */
  readonly files: readonly SeenFile[]
}

/**
 * The files that a model consists of: the network's file, the data files it names, and its card, each with its path
 * below the model's folder. @throws as readModelFile
 */
export async function modelFileParts(file: string): Promise<{ location: string; file: string }[]> {
  const parts = [{ location: path.basename(file), file }]
  parts.push(...(await dataFilesOf(file, await readRegularFile(file, { maxBytes: maxModelBytes }))))
  const card = file.replace(modelEnding, '.json')
  if (card !== file && (await stat(card).catch(() => null))?.isFile() === true)
    parts.push({ location: path.basename(card), file: card })
  return parts
}

/** The data files that a network of these bytes names, each with its path. @throws as readModelFile */
export async function dataFilesOf(
  file: string,
  bytes: Uint8Array
): Promise<{ location: string; file: string }[]> {
  const parts = []
  for (const location of isTflite(bytes) ? [] : externalLocations(parseOnnx(bytes)))
    parts.push({ location, file: await resolveBeside(file, location) })
  return parts
}

/** Largest model or data file read, in bytes: a protobuf message cannot be larger than 2 GiB. */
export const maxModelBytes = 2 ** 31 - 1

/**
 * Reads a network from an ONNX or TFLite file, with data that is kept beside it.
 *
 * @throws AppError input.notFound, input.invalid (no regular file, too large); model.invalid when it is no ONNX model or names
 *   data outside its folder; data.missing when that data is not there; model.unsupportedOperator for unknown element types.
 */
export async function readModelFile(file: string): Promise<ModelFile> {
  const files = [{ path: file, state: await fileState(file) }]
  const bytes = await readRegularFile(file, { maxBytes: maxModelBytes })
  const hash = createHash('sha256').update(bytes)
  if (isTflite(bytes)) {
    const model = tfliteToOnnx(decodeTflite(bytes))
    return { model, id: hash.digest('hex').slice(0, 16), sizeBytes: bytes.length, files }
  }
  const proto = parseOnnx(bytes)
  const external = new Map<string, Uint8Array>()
  let sizeBytes = bytes.length
  for (const location of externalLocations(proto)) {
    const dataFile = await resolveBeside(file, location)
    files.push({ path: dataFile, state: await fileState(dataFile) })
    const data = await readRegularFile(dataFile, { maxBytes: maxModelBytes })
    hash.update(location).update(data)
    sizeBytes += data.length
    external.set(location, data)
  }
  const model = decodeModel(proto, dataIn(external))
  return { model, id: hash.digest('hex').slice(0, 16), sizeBytes, files }
}

/**
 * A network that is to be written again, as decodeForRewriting reads it, with the weights that it keeps beside it; a
 * .tflite file as ONNX operators.
 *
 * @param half what becomes of half precision
 * @throws as readModelFile; model.unsupportedOperator for an operator of TensorFlow Lite that has no ONNX form
 */
export async function readForRewriting(file: string, half: HalfPrecision = 'kept'): Promise<OnnxModel> {
  const bytes = await readRegularFile(file, { maxBytes: maxModelBytes })
  if (isTflite(bytes)) {
    const model = tfliteToOnnx(decodeTflite(bytes))
    const foreign = model.nodes.find(({ domain }) => domain === tfliteDomain)
    if (foreign === undefined) return model
    throw new AppError(
      'model.unsupportedOperator',
      `${path.basename(file)} holds ${foreign.opType}, which has no form in ONNX.`,
      'Export the network to ONNX, or run it by a program of your own (-- COMMAND).'
    )
  }
  const external = new Map<string, Uint8Array>()
  for (const part of await dataFilesOf(file, bytes))
    external.set(part.location, await readRegularFile(part.file, { maxBytes: maxModelBytes }))
  return decodeForRewriting(bytes, dataIn(external), half)
}

/** Tensors of data files that were read, by the files' locations. */
function dataIn(files: ReadonlyMap<string, Uint8Array>): ExternalData {
  return (tensor, place) => sliceOf(files.get(place.location) ?? new Uint8Array(0), tensor, place)
}

function sliceOf(data: Uint8Array, tensor: string, { location, offset, length }: ExternalPlace): Uint8Array {
  const end = length === null ? data.length : offset + length
  if (end > data.length) {
    throw new AppError(
      'model.invalid',
      `Tensor "${tensor}" needs bytes ${offset} to ${end} of "${location}", which has ${data.length}.`,
      'Export the network again and keep the .onnx file and its data file together.'
    )
  }
  return data.subarray(offset, end)
}

/** The path of a data file named by a model; it must lie in the model's folder, also behind links. */
async function resolveBeside(file: string, location: string): Promise<string> {
  const folder = await realpath(path.dirname(file))
  const wanted = path.resolve(folder, location)
  const isInside = (candidate: string): boolean => candidate.startsWith(folder + path.sep)
  const refuse = (): AppError =>
    new AppError(
      'model.invalid',
      `The model keeps weights in "${location}", outside its own folder.`,
      'Only data files beside the .onnx file are read; save the model again with its data in the same folder.'
    )
  if (location === '' || path.isAbsolute(location) || !isInside(wanted)) throw refuse()
  const actual = await realpath(wanted).catch((cause: unknown) => {
    throw new AppError(
      'data.missing',
      `The model keeps weights in "${location}", which is not beside it.`,
      `Copy ${path.basename(location)} into ${folder}, or save the model as one file.`,
      { cause }
    )
  })
  if (!isInside(actual)) throw refuse()
  return actual
}
