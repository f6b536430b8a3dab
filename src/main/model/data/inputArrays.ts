import { ownInputs } from '../../../core/model/onnx/inputLayout'
import { parseNpy, type NpyArray } from '../../../core/model/npyArray'
import type { OnnxModel } from '../../../core/model/onnx/onnx'
import { AppError } from '../../../shared/errors'
import { readRegularFile } from '../../files/readRegularFile'
import { joinInputs } from './joinInputs'

/** A .npy file with items of a network's input. */
export interface InputArrayFile {
  readonly file: string
  /** Input that it is for; null for all that the network reads. */
  readonly name: string | null
}

/**
 * Returns the items of the only input, or of all inputs one behind the other.
 * @throws AppError input.invalid where names and inputs do not match, input.notFound, data.*
 */
export async function readInputArrays(
  model: OnnxModel,
  inputs: readonly InputArrayFile[]
): Promise<NpyArray> {
  const read = async (file: string): Promise<NpyArray> => parseNpy(await readRegularFile(file), file)
  const [first, second] = inputs
  if (first !== undefined && second === undefined && isWhole(model, first)) return read(first.file)
  const arrays = new Map<string, NpyArray>()
  for (const { file, name } of inputs) {
    if (name === null)
      throw new AppError(
        'input.invalid',
        'Several arrays were given without names.',
        'Give NAME=X.npy for each input.'
      )
    if (arrays.has(name))
      throw new AppError(
        'input.invalid',
        `The input "${name}" is given twice.`,
        'Give one array for each input.'
      )
    arrays.set(name, await read(file))
  }
  return joinInputs(model, arrays)
}

/**
 * Whether one array is all that the network reads: one without a name, or that of its only input.
 * @throws AppError input.invalid where the only input has another name
 */
function isWhole(model: OnnxModel, { name }: InputArrayFile): boolean {
  if (name === null) return true
  const [first, second] = ownInputs(model)
  if (first === undefined || second !== undefined) return false
  if (first.name === name) return true
  throw new AppError('input.invalid', `The network has no input "${name}".`, `Its input is "${first.name}".`)
}
