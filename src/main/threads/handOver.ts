/** By output of a task, the buffers that it hands over. */
const buffers = new WeakMap<object, ArrayBuffer[]>()

/**
 * Returns a task's output so that the memory of large arrays in it moves to the main thread instead of being copied there, which takes
 * tens of milliseconds for each 16 MB. The worker may not use these arrays, or others of the same memory, afterwards.
 */
export function handOver<T extends object>(output: T, arrays: readonly ArrayBufferView[]): T {
  const found = new Set<ArrayBuffer>()
  for (const { buffer } of arrays) if (buffer instanceof ArrayBuffer) found.add(buffer)
  buffers.set(output, [...found])
  return output
}

/** The buffers that an output hands over; none for most. */
export const handedOver = (output: unknown): ArrayBuffer[] =>
  typeof output === 'object' && output !== null ? (buffers.get(output) ?? []) : []
