/** A typed array as structured values of this product hold them. */
type NumberArray = Int8Array | Uint8Array | Int32Array | Float32Array | Float64Array

/** Every array begins at a multiple of this many bytes. */
const alignment = 8

/**
 * A copy of a value whose typed arrays lie in one piece of memory that threads share: posted to another thread, they are
 * not copied again. Nobody may write into them afterwards.
 */
export function inSharedMemory<T>(value: T): T {
  let size = 0
  mapArrays(value, (array) => {
    size += aligned(array.byteLength)
    return array
  })
  const memory = new SharedArrayBuffer(size)
  let at = 0
  return mapArrays(value, (array) => {
    const kind = array.constructor as new (
      memory: SharedArrayBuffer,
      at: number,
      length: number
    ) => NumberArray
    const copy = new kind(memory, at, array.length)
    copy.set(array)
    at += aligned(array.byteLength)
    return copy
  }) as T
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

function mapArrays(value: unknown, change: (array: NumberArray) => NumberArray): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return change(value as NumberArray)
  if (Array.isArray(value))
    return typeof value[0] === 'number' ? value : value.map((entry) => mapArrays(entry, change))
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, mapArrays(entry, change)]))
}
