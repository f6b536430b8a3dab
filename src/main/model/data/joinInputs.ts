import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { sizeOf } from '../../../core/model/graph'
import { inputLayouts } from '../../../core/model/onnx/inputLayout'
import type { NpyArray } from '../../../core/model/npyArray'
import type { OnnxModel } from '../../../core/model/onnx/onnx'

/**
 * Arrays of a network's inputs as the one vector per item that the importer reads, in the order of the file.
 * @throws AppError input.invalid where an input has no array, an array no input, or their items do not fit; as inputLayouts.
 */
export function joinInputs(model: OnnxModel, arrays: ReadonlyMap<string, NpyArray>): NpyArray {
  const [layout] = inputLayouts(model)
  const inputs = layout.parts ?? [layout]
  const list = inputs.map(({ name }) => name).join(', ')
  const stranger = [...arrays.keys()].find((name) => inputs.every((input) => input.name !== name))
  if (stranger !== undefined)
    throw new AppError('input.invalid', `The network has no input "${stranger}".`, `Its inputs are: ${list}.`)
  const parts = inputs.map(({ name, dims }) => {
    const array = arrays.get(name)
    const size = sizeOf(dims)
    if (array === undefined)
      throw new AppError('input.invalid', `The input "${name}" has no array.`, `Give all inputs: ${list}.`)
    const items = array.values.length / size
    if (!Number.isInteger(items) || items < 1)
      throw new AppError(
        'input.invalid',
        `The array of "${name}" is [${array.shape.join(', ')}]; an item of it has ${countOf(size, 'element')}.`,
        'Give one item of the input, or several along a first dimension.'
      )
    return { array, size, items }
  })
  const items = parts[0]?.items ?? 0
  if (parts.some((part) => part.items !== items))
    throw new AppError(
      'input.invalid',
      `The arrays hold ${parts.map((part) => part.items).join(', ')} items.`,
      'Give every input the same number of items.'
    )
  const width = parts.reduce((sum, { size }) => sum + size, 0)
  const values = new Float64Array(items * width)
  for (let item = 0; item < items; item++) {
    let at = item * width
    for (const { array, size } of parts) {
      values.set(array.values.subarray(item * size, (item + 1) * size), at)
      at += size
    }
  }
  return { shape: [items, width], values }
}
