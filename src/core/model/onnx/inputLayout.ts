import { AppError } from '../../../shared/errors'
import type { OnnxElementType, OnnxModel, OnnxValue } from './onnx'
import { sizeOf, type Shape } from '../graph'
import { maxElements } from '../constants/numbers'
import { stridedMap } from '../constants/indexing'

/** One way in which the network's input may lie as an image or a vector. */
export interface InputLayout {
  readonly name: string
  readonly dims: readonly number[]
  readonly shape: Shape
  /** The graph's element for each of the tensor's; null: the same. */
  readonly map: Int32Array | null
  /** Fixed batch of the file; 1 where it is 1 or symbolic. */
  readonly batch: number
  /** Whether it is symbolic. */
  readonly isOpen?: boolean
  /** Inputs of whole numbers that lie as pairs of bytes, because a byte does not reach all of them; missing: none. */
  readonly indices?: readonly IndexInput[]
  /** Of a network with several inputs, which lie one behind the other: each with its elements of the whole. */
  readonly parts?: readonly InputPart[]
}

/** One of several inputs in the joined one. */
interface InputPart {
  readonly name: string
  readonly dims: readonly number[]
  /** Its elements of the whole. */
  readonly map: Int32Array
}

/** An input of whole numbers that lie as pairs of bytes. */
export interface IndexInput {
  readonly name: string
  readonly dims: readonly number[]
  /** Its numbers of all; null: all of them. */
  readonly map: Int32Array | null
  /** How many values there are, 0 and up: the rows of its largest table, 2 of a mask. */
  readonly rows: number
}

/** The inputs that are no constants, in the order of the file: old exporters list the initializers among the inputs. */
export function ownInputs(model: OnnxModel): OnnxValue[] {
  const constants = new Set(model.initializers.map(({ name }) => name))
  return model.inputs.filter((input) => !constants.has(input.name))
}

/**
 * The layouts in question for the network's input, the most usual first: channels first or last of [batch, a, b, c]; an
 * image, a sequence with its channels first or last of [batch, a, b].
 * Several inputs have one: a vector.
 * @throws AppError model.invalid without an input, model.unsupportedShape for sizes that are not fixed and other ranks.
 */
export function inputLayouts(model: OnnxModel): InputLayout[] {
  const inputs = ownInputs(model)
  if (inputs.length === 0) {
    throw new AppError(
      'model.invalid',
      'The network has no input.',
      'Export it with the input that it is run on; a network of constants needs no board.'
    )
  }
  if (inputs.length > 1) return [indexParts(model, inputs, joinedInputs(inputs))]
  const { name, dims: given } = inputs[0]
  const dims = given ?? []
  const [first, ...rest] = dims
  const fixed = rest.filter((size) => typeof size === 'number')
  if (given !== null && (dims.length === 0 || rest.length > 3)) return [joinedInputs(inputs)]
  if (
    given === null ||
    fixed.length !== rest.length ||
    fixed.some((size) => size < 1) ||
    sizeOf(fixed) > maxElements
  ) {
    throw new AppError(
      'model.unsupportedShape',
      `The input "${name}" is [${dims.map((size) => size ?? '?').join(', ')}].`,
      'Export it with fixed sizes [batch, channels, height, width], [batch, channels, length] or [batch, n]; only the batch may be symbolic.'
    )
  }
  if (rest.length === 0) {
    const size = typeof first === 'number' ? first : 1
    return [{ name, dims: [size], shape: [size], map: null, batch: 1 }]
  }
  const batch = typeof first === 'number' ? first : 1
  const rows = indexedRows(model, name)
  const open = typeof first === 'number' ? {} : { isOpen: true }
  const whole = { name, dims: [1, ...fixed], map: null, ...open }
  if (rows > maxByteRows)
    return [{ ...whole, shape: [2 * sizeOf(fixed)], batch, indices: [{ ...whole, rows }] }]
  return layoutsOf(fixed).map(({ shape, map }) => ({ ...whole, shape, map, batch }))
}

/**
 * The only input as one vector of all its elements, for networks whose first axis does not hold items; null where it does not
 * say another size than 1 there, or not all sizes.
 */
export function undividedLayout(model: OnnxModel): InputLayout | null {
  const inputs = ownInputs(model)
  const dims = inputs[0]?.dims ?? []
  const [first] = dims
  if (inputs.length !== 1 || dims.length < 2 || typeof first !== 'number' || first === 1) return null
  return dims.every((size) => typeof size === 'number' && size > 0) ? joinedInputs(inputs) : null
}

/** Rows that an index of one byte reaches. */
const maxByteRows = 256
/** Rows that an index of two bytes reaches. */
export const maxIndexRows = 65_536

/** Rows of the largest table of the file that the values of the input fetch rows of; 0 where they are no indices. */
function indexedRows(model: OnnxModel, input: string): number {
  const tables = new Map(model.initializers.map(({ name, dims }) => [name, dims]))
  const names = new Set([input])
  let rows = 0
  for (const { opType, inputs, outputs } of model.nodes) {
    const [first = '', second = ''] = inputs
    if ((opType === 'Cast' || opType === 'Identity') && names.has(first)) names.add(outputs[0] ?? '')
    if (opType === 'Gather' && names.has(second)) rows = Math.max(rows, tables.get(first)?.[0] ?? 0)
  }
  return rows
}

/** Element types of an input of whole numbers or of a mask. */
export const wholeTypes: ReadonlySet<OnnxElementType> = new Set(['int64', 'int32', 'uint8', 'int8', 'bool'])

/**
 * Tokens and what belongs to them (masks, kinds of tokens) as pairs of bytes: all low ones, then all high ones. What fetches no
 * rows is a mask of zeros and ones. Inputs whose numbers fit a byte stay a vector.
 */
function indexParts(model: OnnxModel, inputs: readonly OnnxValue[], joined: InputLayout): InputLayout {
  const rows = inputs.map(({ name }) => indexedRows(model, name))
  const isWhole = inputs.every(({ elementType }) => wholeTypes.has(elementType))
  if (!isWhole || Math.max(...rows) <= maxByteRows) return joined
  const indices = (joined.parts ?? []).map((part, at) => ({ ...part, rows: rows[at] || 2 }))
  return { ...joined, shape: [2 * joined.shape[0]], indices }
}

/** Several inputs as one vector, in the order of the file. */
function joinedInputs(inputs: readonly OnnxValue[]): InputLayout {
  let from = 0
  const parts = inputs.map(({ name, dims: given }) => {
    const dims = (given ?? []).map((size, axis) => (axis === 0 && typeof size !== 'number' ? 1 : size))
    if (given === null || dims.some((size) => typeof size !== 'number' || size < 1)) {
      throw new AppError(
        'model.unsupportedShape',
        `The input "${name}" is [${(given ?? []).map((size) => size ?? '?').join(', ')}].`,
        'Export it with fixed sizes; only the batch may be symbolic.'
      )
    }
    const sizes = dims as number[]
    const begin = from
    from += sizeOf(sizes)
    return { name, dims: sizes, begin }
  })
  if (from > maxElements) {
    throw new AppError(
      'model.unsupportedShape',
      `The network's ${inputs.length} inputs have ${from} elements together.`,
      `At most ${maxElements} are read.`
    )
  }
  return {
    name: inputs.map(({ name }) => name).join(', '),
    dims: [1, from],
    shape: [from],
    map: null,
    batch: 1,
    parts: parts.map(({ name, dims, begin }) => ({
      name,
      dims,
      map: Int32Array.from({ length: sizeOf(dims) }, (_, at) => begin + at)
    }))
  }
}

function layoutsOf(sizes: readonly number[]): { shape: Shape; map: Int32Array | null }[] {
  if (sizes.length === 1) return [{ shape: sizes, map: null }]
  if (sizes.length === 2) {
    const [a, b] = sizes as [number, number]
    return [
      { shape: [a, 1, b], map: null },
      { shape: [1, a, b], map: null },
      { shape: [b, a, 1], map: stridedMap([1, a, b], [0, 1, a]) }
    ]
  }
  const [a, b, c] = sizes as [number, number, number]
  return [
    { shape: sizes, map: null },
    { shape: [c, a, b], map: stridedMap([1, a, b, c], [0, b, 1, a * b]) }
  ]
}
