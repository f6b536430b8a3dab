import { constants } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '../../../shared/errors'
import { modelEnding } from '../../../core/model/modelEnding'
import { readRegularFile } from '../../files/readRegularFile'
import { writeWholeFile } from '../../files/replaceFile'
import { parseJson } from '../../store/recordTable'
import { fieldsOf, reordered } from './protobufFields'
import { dataFilesOf, maxModelBytes } from './readModelFile'
import { isTflite } from './tfliteFile'
import { modelContentId } from './modelContentId'

/** Field numbers in onnx.proto: the graph of a ModelProto, the outputs of a GraphProto. */
const modelGraph = 7
const graphOutputs = 12

/** Beside a network written here: the file it was made of, which is returned to for its own first output. */
const sourceName = 'source.json'
const sourceSchema = z.object({ file: z.string(), id: z.string(), outputs: z.array(z.string()) })

/** An output that is to be used of a network with several. */
export interface OutputWanted {
  /** Below it the files are written. */
  readonly folder: string
  /** The network's file, its id, and its outputs in their order. */
  readonly file: string
  readonly id: string
  readonly outputs: readonly string[]
  readonly output: string
}

/**
 * The file of a network in which a named output stands first, so that every reader (workers on other machines, sessions, the command
 * line) uses it, with an id and results of its own. It is written below `folder`; for the output that the user's own file has
 * first, that file is returned.
 * @throws AppError input.notFound for an unknown output, input.unsupported for TFLite; as readModelFile
 */
export async function fileWithOutput(wanted: OutputWanted): Promise<string> {
  const { folder, output } = wanted
  const { file, id, outputs } = (await sourceOf(wanted)) ?? wanted
  const at = outputs.indexOf(output)
  if (at < 0) {
    throw new AppError(
      'input.notFound',
      `The network has no output "${output}".`,
      `Its outputs are: ${outputs.join(', ')}.`
    )
  }
  if (at === 0) return file
  const bytes = await readRegularFile(file, { maxBytes: maxModelBytes })
  if (isTflite(bytes)) {
    throw new AppError(
      'input.unsupported',
      'Another output can be chosen of ONNX files only, and this is a TFLite file.',
      'Convert it to ONNX (tf2onnx), or export it with the output you want first.'
    )
  }
  // Names of outputs hold characters that file names must not; the number keeps those apart that look the same then.
  const own = path.join(folder, `${id}-${at}`)
  const part = output.replace(/[^\w.-]+/g, '-').slice(0, 60)
  const target = path.join(own, `${path.basename(file).replace(modelEnding, '')}.${part}.onnx`)
  for (const data of await dataFilesOf(file, bytes)) {
    const copy = path.join(own, data.location)
    await mkdir(path.dirname(copy), { recursive: true })
    await copyFile(data.file, copy, constants.COPYFILE_FICLONE)
  }
  await writeWholeFile(path.join(own, sourceName), JSON.stringify({ file, id, outputs }))
  await writeWholeFile(target, withFirst(bytes, outputs.length, at))
  return target
}

/** What a network was made of; null for one that was not written here, and where that file is another one now. */
async function sourceOf({ folder, file }: OutputWanted): Promise<z.infer<typeof sourceSchema> | null> {
  const own = path.dirname(file)
  if (path.dirname(own) !== path.resolve(folder)) return null
  const text = await readRegularFile(path.join(own, sourceName), { maxBytes: 2 ** 20 }).catch(() => null)
  const source = text === null ? null : parseJson(text.toString('utf8'), sourceSchema).value
  if (source === null) return null
  return (await modelContentId(source.file)) === source.id ? source : null
}

/** An ONNX file with the output of an index in front of the others, which keep their order; no weight is touched. */
function withFirst(bytes: Uint8Array, count: number, at: number): Uint8Array {
  const [graph, ...more] = fieldsOf(bytes, modelGraph)
  if (graph === undefined || more.length > 0 || fieldsOf(graph, graphOutputs).length !== count) {
    throw new AppError(
      'model.invalid',
      'The outputs of this file cannot be put in another order.',
      'Export the network with the output you want first.'
    )
  }
  const rest = Array.from({ length: count }, (_, index) => index).filter((index) => index !== at)
  const result = new Uint8Array(bytes)
  result.set(reordered(graph, graphOutputs, [at, ...rest]), graph.byteOffset - bytes.byteOffset)
  return result
}
