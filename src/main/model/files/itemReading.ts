import { AppError } from '../../../shared/errors'
import { sizeOf } from '../../../core/model/graph'
import { createRandom } from '../../../core/math/random'
import { importModel, readOnnx, type ImportedModel } from '../../../core/model/onnx/importOnnx'
import { ownInputs } from '../../../core/model/onnx/inputLayout'
import type { OnnxModel } from '../../../core/model/onnx/onnx'
import type { NpyArray } from '../../../core/model/npyArray'
import { createImportedRunner } from '../../../core/quant/runImported'

/** Items that a network is tried on: a number that few networks hold as a size of their own. */
const trialItems = 5
/** Differences up to this share of the largest output are rounding. */
const tolerance = 1e-4

/**
 * The network as it is to be read for the items of an array. Where its first axis is symbolic and operators do more with it than keep
 * items apart, that is with this number of items as one fixed size; else one item, which is computed for each.
 * @throws AppError as importModel; input.invalid where the items belong together and cannot be read so
 */
export function readForItems(model: OnnxModel, array: NpyArray, output?: string): ImportedModel {
  const items = openItems(model, array)
  if (items === null) {
    const read = importModel(model, output)
    if (isJoined(model, array) && !areJoinedApart(model, read)) throw belongTogether(array, read)
    return read
  }
  if (array.shape.length === 1) return importModel(withItems(model, items), output)
  const trial = readOnnx(withItems(model, trialItems), output).imported
  const { imported: single } = readOnnx(model, output)
  if (single !== null && trial !== null && areApart(single, trial)) return single
  const { imported: together, errors } = readOnnx(withItems(model, items), output)
  if (together !== null) return together
  if (single === null) return importModel(model, output)
  // Tables of many rows are only read of one item, and so are windows whose items a Transpose moves (behind a convolution those of
  // attention or a recurrence); a Reshape to one item in front stands in files that are run with one.
  const operator = errors[0]?.details?.['operator']
  const isMoved = operator === 'Transpose' && single.output.dims[0] === 1
  const isOfOne = single.input.isIndex === true || operator === 'Reshape' || isMoved
  if (isOfOne && single.input.isOneItem !== true) return single
  throw belongTogether(array, single)
}

function belongTogether({ shape }: NpyArray, { input }: ImportedModel): AppError {
  return new AppError(
    'input.invalid',
    `The array holds ${shape[0]} items, and the network does more with the first axis of "${input.name}" than keep items apart.`,
    'Run it with one item at a time, or export it with fixed sizes.'
  )
}

/** Whether an array holds several items of several inputs of real numbers whose first axes are symbolic, one input behind the other. */
function isJoined(model: OnnxModel, { shape }: NpyArray): boolean {
  const inputs = ownInputs(model)
  const isOpen = inputs.every(
    ({ dims, elementType }) =>
      dims?.length !== 0 && typeof dims?.[0] !== 'number' && elementType.startsWith('float')
  )
  return inputs.length > 1 && isOpen && shape.length === 2 && (shape[0] ?? 0) > 1
}

/** Whether several inputs keep their items apart; true too where several items cannot be read. */
function areJoinedApart(model: OnnxModel, single: ImportedModel): boolean {
  const several = readOnnx(withItems(model, trialItems), single.output.name).imported
  const sizes = ownInputs(model).map(({ dims }) => sizeOf((dims ?? []).slice(1) as number[]))
  return several === null || isSame(single, several, sizes)
}

/** How many items, from 2 on, an array gives a network with one input whose first axis is symbolic; null where it does not. */
function openItems(model: OnnxModel, { shape }: NpyArray): number | null {
  const inputs = ownInputs(model)
  const [first, ...rest] = inputs[0]?.dims ?? [1]
  const [items = 1, ...own] = shape
  return inputs.length === 1 && typeof first !== 'number' && items > 1 && own.join() === rest.join()
    ? items
    : null
}

function withItems(model: OnnxModel, items: number): OnnxModel {
  const open = new Set(
    ownInputs(model).flatMap(({ name, dims }) => (typeof dims?.[0] === 'number' ? [] : [name]))
  )
  const inputs = model.inputs.map((input) =>
    open.has(input.name) ? { ...input, dims: [items, ...(input.dims ?? []).slice(1)] } : input
  )
  return { ...model, inputs }
}

/** Whether several items together give what each gives alone: by their reading, or else on noise. */
function areApart(single: ImportedModel, several: ImportedModel): boolean {
  if (several.input.fileDims === undefined) return single.output.dims[0] === 1
  return isSame(single, several, [sizeOf(several.input.fileDims) / trialItems])
}

/** Whether noise gives the same both ways; sizes are an item's of each input. */
function isSame(single: ImportedModel, several: ImportedModel, sizes: readonly number[]): boolean {
  const random = createRandom(1)
  const parts = sizes.map((size) => Float64Array.from({ length: trialItems * size }, () => random.normal()))
  const together = createImportedRunner(several)(parts.flatMap((part) => [...part]))
  const run = createImportedRunner(single)
  const alone = Array.from({ length: trialItems }, (_, at) =>
    run(parts.flatMap((part, input) => [...part.subarray(at * sizes[input], (at + 1) * sizes[input])]))
  )
  const [first, ...rest] = alone[0].dims
  if (first !== 1 || [trialItems, ...rest].join() !== together.dims.join()) return false
  const wanted = alone.flatMap((item) => [...item.values])
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return wanted.every((value, at) => {
    const other = together.values[at]
    return Object.is(value, other) || Math.abs(value - other) <= tolerance * largest
  })
}
