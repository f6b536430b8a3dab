import { crc16 } from '../../binary/crc16'

/**
 * Frames of LiteX's serial boot (litex/soc/software/include/boot: sfl.h): length of the payload (1 byte), CRC-16 of
 * command and payload (2, big-endian), command (1), payload.
 */
export const sflCommand = { abort: 0x00, load: 0x01, jump: 0x02 } as const
/** The reply to each frame is one byte. */
export const sflReply = { success: 0x4b, crcError: 0x43, unknown: 0x55, error: 0x45 } as const

/** What a loader sends to be loaded. */
export const sflMagicRequest = 'sL5DdSMmkekro\n'
/** What the host sends back to begin. */
export const sflMagicAnswer = 'z6IHG7cYDID6o\n'
/** Most data in one LOAD: 255 bytes of payload less the address. */
export const sflMostDataBytes = 251

/** Returns an SFL frame: payload length, CRC-16, command, payload (at most 255 bytes). */
export function sflFrame(command: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + payload.length)
  frame[0] = payload.length
  frame[3] = command
  frame.set(payload, 4)
  const crc = crc16(frame, 3)
  frame[1] = crc >> 8
  frame[2] = crc & 0xff
  return frame
}

/** Returns the SFL frame that writes `data` at an address. */
export function sflLoadFrame(address: number, data: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + data.length)
  putAddress(payload, address)
  payload.set(data, 4)
  return sflFrame(sflCommand.load, payload)
}

/** Returns the SFL frame that starts the program at an address. */
export function sflJumpFrame(address: number): Uint8Array {
  const payload = new Uint8Array(4)
  putAddress(payload, address)
  return sflFrame(sflCommand.jump, payload)
}

/** The frame that makes the loader leave without starting anything. */
export const sflAbortFrame = (): Uint8Array => sflFrame(sflCommand.abort, new Uint8Array(0))

function putAddress(into: Uint8Array, address: number): void {
  new DataView(into.buffer, into.byteOffset).setUint32(0, address >>> 0, false)
}
