/** The contents of every field of a number in a protobuf message, for fields that the generated classes do not know. */
export function fieldsOf(message: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = []
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
    const tag = varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else if (wireType === 2) {
      const length = varint()
      if (number === field) found.push(message.subarray(at, at + length))
      at += length
    } else throw new RangeError(`wire type ${wireType}`)
  }
  return found
}
