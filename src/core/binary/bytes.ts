/** Little-endian reading and writing of wire and Image fields. */

/** Reads fields one after another; throws RangeError past the end, which decoders turn into `board.protocol`. */
export class ByteReader {
  private readonly view: DataView
  private at = 0

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.bytes.length - this.at
  }

  private step(size: number): number {
    const at = this.at
    if (size > this.left) throw new RangeError(`${size} bytes wanted, ${this.left} left`)
    this.at += size
    return at
  }

  u8(): number {
    return this.view.getUint8(this.step(1))
  }
  u16(): number {
    return this.view.getUint16(this.step(2), true)
  }
  i16(): number {
    return this.view.getInt16(this.step(2), true)
  }
  u32(): number {
    return this.view.getUint32(this.step(4), true)
  }
  i32(): number {
    return this.view.getInt32(this.step(4), true)
  }
  f32(): number {
    return this.view.getFloat32(this.step(4), true)
  }
  /** As a number: exact below 2^53, which is 285 years of a 1 MHz counter. */
  u64(): number {
    const low = this.u32()
    return this.u32() * 4294967296 + low
  }
  take(length: number): Uint8Array {
    const at = this.step(length)
    return this.bytes.slice(at, at + length)
  }
  /** A u8 length and that many ASCII characters. */
  text(): string {
    return asciiText(this.take(this.u8()))
  }
}

/** Writes fields one after another into a buffer that grows. */
export class ByteWriter {
  private bytes: Uint8Array
  private view: DataView
  private at = 0

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.at
  }

  private step(size: number): number {
    const at = this.at
    if (at + size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(at + size, this.bytes.length * 2))
      grown.set(this.bytes)
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    this.at += size
    return at
  }

  u8(value: number): this {
    const at = this.step(1)
    this.view.setUint8(at, value)
    return this
  }
  u16(value: number): this {
    const at = this.step(2)
    this.view.setUint16(at, value, true)
    return this
  }
  i16(value: number): this {
    const at = this.step(2)
    this.view.setInt16(at, value, true)
    return this
  }
  u32(value: number): this {
    const at = this.step(4)
    this.view.setUint32(at, value, true)
    return this
  }
  i32(value: number): this {
    const at = this.step(4)
    this.view.setInt32(at, value, true)
    return this
  }
  f32(value: number): this {
    const at = this.step(4)
    this.view.setFloat32(at, value, true)
    return this
  }
  raw(bytes: ArrayLike<number>): this {
    const at = this.step(bytes.length)
    this.bytes.set(bytes, at)
    return this
  }
  /** Zero bytes up to the next multiple of `alignment`. */
  align(alignment: number): this {
    this.step((alignment - (this.at % alignment)) % alignment)
    return this
  }
  /** A copy of what was written. */
  done(): Uint8Array {
    return this.bytes.slice(0, this.at)
  }
}

/** Printable ASCII as it is, anything else as a dot; for showing what a line said. */
export function asciiText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    text += (byte >= 32 && byte < 127) || byte === 10 || byte === 13 ? String.fromCharCode(byte) : '.'
  }
  return text
}

/** Returns the parts one behind the other, in a new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** One character a byte (Latin-1). */
export function latin1Text(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** ASCII text as bytes. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff)
}
