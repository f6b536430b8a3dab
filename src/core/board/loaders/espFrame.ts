import { slipFrame } from './slip'

/** Commands of the serial loader in the ROM of ESP32-C3 and ESP32-C6 that are used here (Espressif, "Serial Protocol"). */
export const espCommand = {
  memBegin: 0x05,
  memEnd: 0x06,
  memData: 0x07,
  sync: 0x08,
  writeRegister: 0x09,
  readRegister: 0x0a,
  changeBaudRate: 0x0f,
  securityInfo: 0x14
} as const

/** Most data in one MEM_DATA, bytes: what Espressif's own tool sends to a ROM. */
export const espBlockBytes = 0x1800
/** Bytes at the end of a response of the ROM: status, error, two reserved. */
const romStatusBytes = 4
const headerBytes = 8
const checksumSeed = 0xef

/** XOR over the data of a MEM_DATA, begun with 0xEF. */
export function espChecksum(data: Uint8Array): number {
  let sum = checksumSeed
  for (const byte of data) sum ^= byte
  return sum
}

/** Returns the framed request: direction 0, command, size of the data, checksum (of MEM_DATA alone; else 0), data. */
export function espRequest(command: number, data: Uint8Array, checksum = 0): Uint8Array {
  const packet = new Uint8Array(headerBytes + data.length)
  const view = new DataView(packet.buffer)
  packet[1] = command
  view.setUint16(2, data.length, true)
  view.setUint32(4, checksum, true)
  packet.set(data, headerBytes)
  return slipFrame(packet)
}

/** Returns 32-bit words, little-endian, and bytes behind them. */
export function espWords(words: readonly number[], behind: Uint8Array = new Uint8Array(0)): Uint8Array {
  const data = new Uint8Array(4 * words.length + behind.length)
  const view = new DataView(data.buffer)
  words.forEach((word, index) => view.setUint32(4 * index, word >>> 0, true))
  data.set(behind, 4 * words.length)
  return data
}

/** SYNC: a pattern from which the ROM also learns the speed of the line. */
export const espSync = (): Uint8Array =>
  espRequest(espCommand.sync, Uint8Array.of(0x07, 0x07, 0x12, 0x20, ...new Array<number>(32).fill(0x55)))

/** What the ROM replied to a request. */
export interface EspResponse {
  command: number
  /** The word that READ_REG reads; of no use in other responses. */
  value: number
  /** Data before the status. */
  data: Uint8Array
  /** null: done; else the number of the error. */
  error: number | null
}

/** Reads a packet as a response; null for anything else. */
export function readEspResponse(packet: Uint8Array): EspResponse | null {
  if (packet.length < headerBytes + 2 || packet[0] !== 1) return null
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
  const size = view.getUint16(2, true)
  if (size !== packet.length - headerBytes) return null
  // A loader that is not in ROM ends its responses with two bytes instead of four.
  const statusBytes = size % 4 === 2 ? 2 : romStatusBytes
  const statusAt = packet.length - Math.min(statusBytes, size)
  const error = packet[statusAt] === 0 ? null : packet[statusAt + 1]
  const command = packet[1]
  return { command, value: view.getUint32(4, true), data: packet.subarray(headerBytes, statusAt), error }
}

/** Numbers of errors that a ROM replies with (Espressif, "ROM Loader Errors"). */
export const espError = { invalidMessage: 0x05, checksum: 0x07 } as const

const errorWords: Readonly<Record<number, string>> = {
  0x01: 'a parameter is not valid',
  0x02: 'it has no memory left',
  0x03: 'it could not send',
  0x04: 'it could not receive',
  0x05: 'it does not know this message, or its format is not valid',
  0x06: 'the message was right, but carrying it out failed',
  0x07: 'the checksum of the data is wrong',
  0x0e: 'the size of the data for RAM is not valid',
  0x0f: 'the address in RAM is not valid'
}

/** Returns what an error number of the ROM means. */
export function espErrorText(error: number): string {
  return errorWords[error] ?? `error 0x${error.toString(16).padStart(2, '0')}`
}
