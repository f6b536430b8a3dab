import path from 'node:path'
import { readCheckpoint, type LmModel } from '../../core/lm/checkpoint'
import { readTokenizer, type Tokenizer } from '../../core/lm/tokenizer'
import { AppError } from '../../shared/errors'
import { fileState } from '../files/fileState'
import { readRegularFile } from '../files/readRegularFile'
import { resourcePath } from '../paths'
import { readTokenizerJson } from './tokenizerJsonFile'
import { loadOnnxDecoder, type OnnxAccess } from './lmOnnx'

/** Name of the language model that ships with Bitbench. */
export const shippedLm = 'glosses-260k'

/** A language model with its tokenizer, as read from files. */
export interface LoadedLm {
  readonly name: string
  readonly model: LmModel
  readonly tokenizer: Tokenizer
  /** Texts to calibrate with, one a line; null where none were given. */
  readonly calibrationFile: string | null
  /** Texts to measure on, one a line; null where none were given. */
  readonly textFile: string | null
}

/** Files of a language model as a user names them. */
export interface LmFiles {
  /** A checkpoint, an ONNX file, or the shipped model's name. */
  readonly model: string
  readonly tokenizer?: string | undefined
  readonly calibration?: string | undefined
  readonly text?: string | undefined
}

/** Largest checkpoint that is read: integer decoders end far below. */
const maxBytes = 512 * 2 ** 20

/**
 * Reads a model and its tokenizer: the shipped one by name, or a checkpoint or ONNX file with `--tokenizer`, or a tokenizer.bin or tokenizer.json beside it.
 * @throws AppError data.missing, input.invalid, model.invalid, model.unsupportedOperator, model.unsupportedShape
 */
export async function loadLm(files: LmFiles, cwd: string, onnx: OnnxAccess): Promise<LoadedLm> {
  const shipped = files.model === shippedLm
  const beside = (suffix: string): string => resourcePath('lm', `${shippedLm}${suffix}`)
  const resolve = (file: string | undefined): string | null =>
    file === undefined ? null : path.resolve(cwd, file)
  const modelFile = shipped ? beside('.bin') : path.resolve(cwd, files.model)
  const tokenizerFile =
    resolve(files.tokenizer) ?? (shipped ? beside('.tok') : await tokenizerBeside(modelFile))
  const model = modelFile.endsWith('.onnx')
    ? await loadOnnxDecoder(modelFile, onnx)
    : readCheckpoint(await readBytes(modelFile, 'checkpoint'))
  const tokenizerBytes = await readBytes(tokenizerFile, 'tokenizer')
  const tokenizer = tokenizerFile.endsWith('.json')
    ? readTokenizerJson(tokenizerBytes, model.config.vocabulary)
    : readTokenizer(tokenizerBytes, model.config.vocabulary)
  return {
    name: shipped ? shippedLm : path.basename(modelFile),
    model,
    tokenizer,
    calibrationFile: resolve(files.calibration) ?? (shipped ? beside('-calibration.txt') : null),
    textFile: resolve(files.text) ?? (shipped ? beside('-heldout.txt') : null)
  }
}

/** tokenizer.bin of a model's folder, or tokenizer.json where there is only that. */
async function tokenizerBeside(modelFile: string): Promise<string> {
  const [binary, json] = ['tokenizer.bin', 'tokenizer.json'].map((name) =>
    path.join(path.dirname(modelFile), name)
  )
  const isThere = async (file: string): Promise<boolean> => (await fileState(file)) !== null
  return !(await isThere(binary)) && (await isThere(json)) ? json : binary
}

/**
 * Tokens of the first `count` documents of a text file: a document a line, empty lines left out.
 * @throws AppError data.missing without a file or a document
 */
export async function readDocuments(
  file: string | null,
  tokenizer: Tokenizer,
  option: string,
  count = Infinity
): Promise<number[][]> {
  if (file === null)
    throw new AppError(
      'data.missing',
      `There is no text for this: the model has none of its own.`,
      `Name a text file with one document a line: ${option} FILE.txt.`
    )
  const text = new TextDecoder().decode(await readBytes(file, 'text file'))
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (lines.length === 0)
    throw new AppError('data.missing', `${file} has no text.`, 'Write one document a line into it.')
  return lines.slice(0, count).map((line) => tokenizer.encode(line))
}

async function readBytes(file: string, what: string): Promise<Uint8Array> {
  try {
    const bytes = await readRegularFile(file, { maxBytes })
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch (cause) {
    const { message, cause: reason } = AppError.from(cause)
    const missing = (reason as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
    throw new AppError(
      missing ? 'data.missing' : 'input.invalid',
      `The ${what} ${file} cannot be read: ${missing ? 'there is no such file.' : message}`,
      what === 'tokenizer'
        ? 'Name the tokenizer the model was trained with: --tokenizer FILE.'
        : `Give a file that exists, or the shipped model: ${shippedLm}.`,
      { cause }
    )
  }
}
