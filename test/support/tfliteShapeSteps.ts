import { sizeOf } from '@core/model/graph'
import type { TfliteDraft } from './tfliteDraft'
import type { TfliteStep } from './tfliteSteps'

/** Steps that move, repeat, cut or reduce values. */

/** An axis behind the first, which is that of the items. */
const axisOf = (draft: TfliteDraft, x: number): number => draft.side(1, draft.dims(x).length - 1)
const replaced = (dims: readonly number[], axis: number, length: number): number[] =>
  dims.map((side, at) => (at === axis ? length : side))

const reshape: TfliteStep = (draft, x) => {
  const size = sizeOf(draft.dims(x))
  const divisors = [1, 2, 3, 4, 6].filter((side) => size % side === 0)
  const first = draft.pick(divisors)
  const dims = draft.pick([
    [1, size],
    [1, first, size / first],
    [1, 1, first, size / first],
    [1, size / first, 1, first]
  ])
  return draft.add('RESHAPE', [x, draft.ints(dims)], dims, { shape: dims })
}

const squeeze: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axes = dims.flatMap((side, at) => (side === 1 && at > 0 ? [at] : []))
  if (axes.length === 0) return null
  return draft.add(
    'SQUEEZE',
    [x],
    dims.filter((_, at) => !axes.includes(at)),
    { axes }
  )
}

const expandDims: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (dims.length > 3) return null
  const axis = draft.side(1, dims.length)
  return draft.add(
    'EXPAND_DIMS',
    [x, draft.ints([axis], [])],
    [...dims.slice(0, axis), 1, ...dims.slice(axis)]
  )
}

const transpose: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (dims.length < 3) return null
  const order = [0, ...draft.random.shuffle(dims.slice(1).map((_, at) => at + 1))]
  const turned = order.map((axis) => dims[axis]!)
  return draft.add('TRANSPOSE', [x, draft.ints(order)], turned)
}

const pad =
  (name: 'PAD' | 'PADV2' | 'MIRROR_PAD'): TfliteStep =>
  (draft, x) => {
    const dims = draft.dims(x)
    const isMirror = name === 'MIRROR_PAD'
    const mode = draft.side(0, 1)
    const pads = dims.map((side, axis) => {
      const most = axis === 0 ? 0 : isMirror ? Math.min(2, side - 1 + mode) : 2
      return [draft.side(0, most), draft.side(0, most)]
    })
    const padded = dims.map((side, axis) => side + pads[axis]![0]! + pads[axis]![1]!)
    const inputs = [x, draft.ints(pads.flat(), [dims.length, 2])]
    if (name === 'PADV2') inputs.push(draft.floats([]))
    return draft.add(name, inputs, padded, isMirror ? { mode } : {})
  }

const concatenation: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axis = axisOf(draft, x)
  const other = draft.chance(0.5) ? x : draft.floats(replaced(dims, axis, draft.side(1, 3)))
  const joined = replaced(dims, axis, dims[axis]! + draft.dims(other)[axis]!)
  return draft.add('CONCATENATION', draft.random.shuffle([x, other]), joined, {
    axis: draft.chance(0.3) ? axis - dims.length : axis,
    activation: 0
  })
}

const pack: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (dims.length > 3) return null
  const axis = draft.side(1, dims.length)
  const stacked = [...dims.slice(0, axis), 2, ...dims.slice(axis)]
  return draft.add('PACK', [x, draft.chance(0.5) ? x : draft.floats(dims)], stacked, { count: 2, axis })
}

const unpack: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axis = axisOf(draft, x)
  const count = dims[axis]!
  if (dims.length < 3 || count > 8) return null
  const part = dims.filter((_, at) => at !== axis)
  const parts = draft.addSeveral(
    'UNPACK',
    [x],
    Array.from({ length: count }, () => part),
    { count, axis }
  )
  return draft.pick(parts)
}

const split: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axis = axisOf(draft, x)
  const parts = draft.pick([1, 2, 3].filter((count) => dims[axis]! % count === 0))
  const part = replaced(dims, axis, dims[axis]! / parts)
  const inputs = [draft.ints([axis], []), x]
  return draft.pick(
    draft.addSeveral(
      'SPLIT',
      inputs,
      Array.from({ length: parts }, () => part),
      { parts }
    )
  )
}

const splitByList: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axis = axisOf(draft, x)
  if (dims[axis]! < 2) return null
  const first = draft.side(1, dims[axis]! - 1)
  const sizes = [first, dims[axis]! - first]
  const inputs = [x, draft.ints(draft.chance(0.3) ? [first, -1] : sizes), draft.ints([axis], [])]
  const outputs = sizes.map((length) => replaced(dims, axis, length))
  return draft.pick(draft.addSeveral('SPLIT_V', inputs, outputs, { parts: 2 }))
}

const slice: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const begins = dims.map((side, axis) => (axis === 0 ? 0 : draft.side(0, side - 1)))
  const sizes = dims.map((side, axis) => (axis === 0 ? 1 : draft.side(1, side - begins[axis]!)))
  const given = sizes.map((size, axis) =>
    begins[axis]! + size === dims[axis]! && draft.chance(0.5) ? -1 : size
  )
  return draft.add('SLICE', [x, draft.ints(begins), draft.ints(given)], sizes)
}

const stridedSlice: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const strides = dims.map((_, axis) => (axis === 0 ? 1 : draft.pick([1, 1, 2, -1])))
  const begins = dims.map((side, axis) => (axis === 0 ? 0 : draft.side(0, side - 1)))
  const shrinks = dims.map(
    (_, axis) => axis > 0 && strides[axis] === 1 && dims.length > 2 && draft.chance(0.2)
  )
  const ends = dims.map((side, axis) => {
    if (axis === 0) return 1
    if (shrinks[axis]) return begins[axis]! + 1
    return strides[axis]! > 0
      ? draft.side(begins[axis]! + 1, side)
      : begins[axis]! - draft.side(1, side) - side
  })
  const fromStart = dims.map((_, axis) => !shrinks[axis] && draft.chance(0.3))
  const toEnd = dims.map((_, axis) => !shrinks[axis] && draft.chance(0.3))
  const mask = (list: readonly boolean[]): number =>
    list.reduce((sum, isSet, axis) => sum + (isSet ? 1 << axis : 0), 0)
  const lengths = dims.map((side, axis) => {
    const stride = strides[axis]!
    const start = fromStart[axis] ? (stride > 0 ? 0 : side - 1) : begins[axis]!
    if (stride > 0) return Math.ceil(((toEnd[axis] ? side : ends[axis]!) - start) / stride)
    // An end below the first index by more than a length is before all of them.
    return start - (toEnd[axis] ? -1 : Math.max(-1, ends[axis]! + side))
  })
  if (lengths.some((length) => length < 1)) return null
  const inputs = [x, ...[begins, ends, strides].map((list) => draft.ints(list))]
  const kept = lengths.filter((_, axis) => !shrinks[axis])
  if (kept.length < 2) return null
  return draft.add('STRIDED_SLICE', inputs, kept, {
    ...{ beginMask: mask(fromStart), endMask: mask(toEnd), ellipsisMask: 0, newAxisMask: 0 },
    ...{ shrinkMask: mask(shrinks), offset: false }
  })
}

const gather: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  const axis = axisOf(draft, x)
  const indices = Array.from({ length: draft.side(1, 4) }, () => draft.random.integer(dims[axis]!))
  return draft.add('GATHER', [x, draft.ints(indices)], replaced(dims, axis, indices.length), {
    axis,
    batchDims: 0
  })
}

const tile: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (sizeOf(dims) > 400) return null
  const times = dims.map((_, axis) => (axis === 0 ? 1 : draft.side(1, 2)))
  return draft.add(
    'TILE',
    [x, draft.ints(times)],
    dims.map((side, axis) => side * times[axis]!)
  )
}

const broadcastTo: TfliteStep = (draft, x) => {
  const dims = draft.dims(x)
  if (sizeOf(dims) > 400) return null
  const wide = dims.map((side, axis) => (side === 1 && axis > 0 ? draft.side(1, 3) : side))
  return draft.add('BROADCAST_TO', [x, draft.ints(wide)], wide)
}

const reduce =
  (name: string): TfliteStep =>
  (draft, x) => {
    const dims = draft.dims(x)
    const axes = dims.flatMap((_, axis) => (axis > 0 && draft.chance(0.5) ? [axis] : []))
    if (axes.length === 0) return null
    const keepDims = draft.chance(0.5)
    const kept = dims.map((side, axis) => (axes.includes(axis) ? 1 : side))
    const out = keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis))
    if (out.length < 2) return null
    const given = axes.map((axis) => (draft.chance(0.3) ? axis - dims.length : axis))
    return draft.add(name, [x, draft.ints(given)], out, { keepDims })
  }

/** Steps by the operator that they add. */
export const shapeSteps: Readonly<Record<string, TfliteStep>> = {
  RESHAPE: reshape,
  SQUEEZE: squeeze,
  EXPAND_DIMS: expandDims,
  TRANSPOSE: transpose,
  PAD: pad('PAD'),
  PADV2: pad('PADV2'),
  MIRROR_PAD: pad('MIRROR_PAD'),
  CONCATENATION: concatenation,
  PACK: pack,
  UNPACK: unpack,
  SPLIT: split,
  SPLIT_V: splitByList,
  SLICE: slice,
  STRIDED_SLICE: stridedSlice,
  GATHER: gather,
  TILE: tile,
  BROADCAST_TO: broadcastTo,
  MEAN: reduce('MEAN'),
  SUM: reduce('SUM'),
  REDUCE_MAX: reduce('REDUCE_MAX'),
  REDUCE_MIN: reduce('REDUCE_MIN')
}
