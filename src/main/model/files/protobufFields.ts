/** Where a field of a message stands: its tag begins at `start`, its content is [from, to). */
interface FieldPlace {
  readonly start: number
  readonly from: number
  readonly to: number
}

/** The contents of every field of a number in a protobuf message, for fields that the generated classes do not know. */
export function fieldsOf(message: Uint8Array, field: number): Uint8Array[] {
  return placesOf(message, field).map(({ from, to }) => message.subarray(from, to))
}

/**
 * The message with its fields of a number in another order, `order[i]` being the place in the file of the i-th; all else stays
 * byte for byte, so that what holds the message keeps its length.
 */
export function reordered(message: Uint8Array, field: number, order: readonly number[]): Uint8Array {
  const places = placesOf(message, field)
  const result = new Uint8Array(message.length)
  let [read, written] = [0, 0]
  const copy = (from: number, to: number): void => {
    result.set(message.subarray(from, to), written)
    written += to - from
  }
  for (const [index, { start, to }] of places.entries()) {
    const taken = places[order[index]]
    copy(read, start)
    copy(taken.start, taken.to)
    read = to
  }
  copy(read, message.length)
  return result
}

function placesOf(message: Uint8Array, field: number): FieldPlace[] {
  const found: FieldPlace[] = []
  let at = 0
  const varint = (): number => {
    let [value, factor] = [0, 1]
    for (;;) {
      const byte = message[at++]
      if (byte === undefined) throw new RangeError('the message ends within a field')
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
  }
  while (at < message.length) {
    const start = at
    const tag = varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else if (wireType === 2) {
      const length = varint()
      if (number === field) found.push({ start, from: at, to: at + length })
      at += length
    } else throw new RangeError(`wire type ${wireType}`)
  }
  return found
}
