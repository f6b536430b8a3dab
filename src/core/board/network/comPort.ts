/** Commands of the telnet option COM-PORT (RFC 2217); the server's reply to a command has the number plus 100. */
export const comPortCommands = {
  baudRate: 1,
  dataBits: 2,
  parity: 3,
  stopBits: 4,
  control: 5,
  suspend: 8,
  resume: 9,
  purge: 12
} as const

/** Name of a command of RFC 2217's COM port option. */
export type ComPortCommand = keyof typeof comPortCommands

/** Values of `control` that this product sends. */
export const controlValues = { noFlowControl: 1, dtrOn: 8, dtrOff: 9, rtsOn: 11, rtsOff: 12 } as const

/** Values of `parity` that this product sends. */
export const parityValues = { none: 1, even: 3 } as const
/** Value of `purge`: what the server has received and what it has still to send. */
export const purgeBoth = 3

const replyOffset = 100

/** The content of a subnegotiation that sets `command`; a speed takes four bytes, everything else one. */
export function comPortRequest(command: ComPortCommand, value: number): number[] {
  const number = comPortCommands[command]
  if (command !== 'baudRate') return [number, value]
  return [number, (value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

/** What a server's subnegotiation says; null for what this product does not use (states of line and modem, text). */
export function readComPortReply(bytes: Uint8Array): { command: ComPortCommand; value: number } | null {
  const number = (bytes[0] ?? 0) - replyOffset
  const command = (Object.keys(comPortCommands) as ComPortCommand[]).find(
    (name) => comPortCommands[name] === number
  )
  if (command === undefined) return null
  return { command, value: bytes.subarray(1).reduce((value, byte) => value * 256 + byte, 0) }
}
