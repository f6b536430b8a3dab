/** Index arithmetic over tensors in row-major (ONNX) order. */

/** Elements between neighbours along each axis. */
export function rowMajorStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length)
  let step = 1
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= dims[axis]
  }
  return strides
}

/** offset + sum of index * stride, for each element of a tensor in order. */
export function stridedMap(dims: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  let places = Int32Array.of(offset)
  for (const [axis, size] of dims.entries()) {
    const next = new Int32Array(places.length * size)
    let at = 0
    for (const place of places)
      for (let index = 0; index < size; index++) next[at++] = place + index * strides[axis]
    places = next
  }
  return places
}

/** offsets[axis][index] summed over the axes; a negative entry on any axis gives -1. */
export function offsetMap(offsets: readonly (readonly number[])[]): Int32Array {
  let places = Int32Array.of(0)
  for (const own of offsets) {
    const next = new Int32Array(places.length * own.length)
    let at = 0
    for (const place of places)
      for (const offset of own) next[at++] = place < 0 || offset < 0 ? -1 : place + offset
    places = next
  }
  return places
}

/** Shape of two tensors broadcast together (aligned at the last axis); null where their sizes do not go together. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length)
  const result: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1
    const y = b[axis - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) return null
    result.push(x === 1 ? y : x)
  }
  return result
}

/** For each element of the result, the element of an operand of shape `dims` that is broadcast to it. */
export function broadcastMap(dims: readonly number[], result: readonly number[]): Int32Array {
  const own = rowMajorStrides(dims)
  const strides = result.map((_, axis) => {
    const at = axis - (result.length - dims.length)
    return at < 0 || dims[at] === 1 ? 0 : own[at]
  })
  return stridedMap(result, strides)
}

/** -1 counts from the end; out of range gives null. */
export function normalAxis(axis: number, rank: number): number | null {
  const normal = axis < 0 ? axis + rank : axis
  return Number.isInteger(normal) && normal >= 0 && normal < rank ? normal : null
}

/** Whether a map leaves every element in its place. */
export function isIdentityMap(map: Int32Array): boolean {
  for (let at = 0; at < map.length; at++) if (map[at] !== at) return false
  return true
}

/** True where every element of a tensor of `size` elements is taken exactly once. */
export function isBijection(map: Int32Array, size: number): boolean {
  if (map.length !== size) return false
  const seen = new Uint8Array(size)
  for (const at of map) {
    if (at < 0 || seen[at] === 1) return false
    seen[at] = 1
  }
  return true
}
