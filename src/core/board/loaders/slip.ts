/** Framing of RFC 1055 (SLIP) as Espressif's ROM uses it: every packet begins and ends with 0xC0. */
const end = 0xc0
const escape = 0xdb
const escapedEnd = 0xdc
const escapedEscape = 0xdd

/** Longest packet that is collected, bytes: beyond it the line carries something else. */
const maxPacketBytes = 64 * 1024

/** Returns a packet with its delimiters and escapes. */
export function slipFrame(packet: Uint8Array): Uint8Array {
  let extra = 2
  for (const byte of packet) if (byte === end || byte === escape) extra++
  const frame = new Uint8Array(packet.length + extra)
  let at = 0
  frame[at++] = end
  for (const byte of packet) {
    if (byte === end || byte === escape) {
      frame[at++] = escape
      frame[at++] = byte === end ? escapedEnd : escapedEscape
    } else frame[at++] = byte
  }
  frame[at] = end
  return frame
}

/** Collects packets from bytes; what lies outside of delimiters, and packets with a wrong escape, are left out. */
export class SlipDecoder {
  private packet: number[] | null = null
  private isEscaped = false

  /** Takes one byte; returns a packet (not empty) when this byte ended it, else null. */
  push(byte: number): Uint8Array | null {
    if (byte === end) {
      const { packet, isEscaped } = this
      this.packet = []
      this.isEscaped = false
      if (packet === null || packet.length === 0 || isEscaped) return null
      // This delimiter may be the beginning of the next packet as well as the end of this one: `packet` stays open.
      return Uint8Array.from(packet)
    }
    const { packet } = this
    if (packet === null) return null
    if (this.isEscaped) {
      this.isEscaped = false
      if (byte === escapedEnd) packet.push(end)
      else if (byte === escapedEscape) packet.push(escape)
      else this.packet = null
    } else if (byte === escape) this.isEscaped = true
    else packet.push(byte)
    if (packet.length > maxPacketBytes) this.packet = null
    return null
  }
}
