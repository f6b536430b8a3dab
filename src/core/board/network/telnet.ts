/** Commands of RFC 854 that this side reads or writes. */
const iac = 255
const dont = 254
const doCommand = 253
const wont = 252
const will = 251
const subnegotiation = 250
const endOfSubnegotiation = 240

const carriageReturn = 13

/** Options by their number (RFC 856, 857, 858, 2217). */
export const telnetOptions = { binary: 0, echo: 1, suppressGoAhead: 3, comPort: 44 } as const

/** Longest content of a subnegotiation (a signature is the longest one known); further bytes are dropped. */
const maxSubnegotiationBytes = 1_024

/** What one side does with an option. `wanted`: requested, no reply yet. */
export type OptionState = 'off' | 'wanted' | 'on' | 'refused'

/** What a piece of a telnet stream holds: data, subnegotiations, and the reply they need. */
export interface TelnetInput {
  /** What the line behind the server sent. */
  readonly data: Uint8Array
  readonly subnegotiations: readonly { option: number; bytes: Uint8Array }[]
  /** Bytes to send back; usually empty. */
  readonly reply: Uint8Array
}

/**
 * The client's side of telnet (RFC 854), with option negotiation that cannot loop (RFC 1143). It adds and removes the escapes of
 * the byte 255, and of a lone carriage return while a direction is not binary.
 */
export class TelnetCodec {
  private readonly local = new Map<number, OptionState>()
  private readonly remote = new Map<number, OptionState>()
  private mode: 'data' | 'command' | 'option' | 'inside' | 'insideCommand' = 'data'
  private command = 0
  private inside: number[] = []
  private afterReturn = false

  /** @param mayDo options this side takes up, @param mayHave options the far side may take up */
  constructor(
    private readonly mayDo: readonly number[],
    private readonly mayHave: readonly number[]
  ) {}

  localState(option: number): OptionState {
    return this.local.get(option) ?? 'off'
  }

  remoteState(option: number): OptionState {
    return this.remote.get(option) ?? 'off'
  }

  /** The offers and requests of all options; sent once, at the beginning. */
  start(): Uint8Array {
    const bytes: number[] = []
    for (const option of this.mayDo) {
      this.local.set(option, 'wanted')
      bytes.push(iac, will, option)
    }
    for (const option of this.mayHave) {
      if (option === telnetOptions.echo) continue
      this.remote.set(option, 'wanted')
      bytes.push(iac, doCommand, option)
    }
    return Uint8Array.from(bytes)
  }

  /** Data as it is sent. */
  encode(data: Uint8Array): Uint8Array {
    const isBinary = this.localState(telnetOptions.binary) === 'on'
    const bytes: number[] = []
    for (const [index, byte] of data.entries()) {
      bytes.push(byte)
      if (byte === iac) bytes.push(iac)
      // RFC 854: a carriage return is followed by a line feed or a NUL.
      else if (byte === carriageReturn && !isBinary && data[index + 1] !== 10) bytes.push(0)
    }
    return Uint8Array.from(bytes)
  }

  /** A subnegotiation as it is sent. */
  subnegotiate(option: number, content: readonly number[]): Uint8Array {
    const escaped = content.flatMap((byte) => (byte === iac ? [iac, iac] : [byte]))
    return Uint8Array.from([iac, subnegotiation, option, ...escaped, iac, endOfSubnegotiation])
  }

  receive(bytes: Uint8Array): TelnetInput {
    const data: number[] = []
    const reply: number[] = []
    const subnegotiations: { option: number; bytes: Uint8Array }[] = []
    for (const byte of bytes) {
      switch (this.mode) {
        case 'data':
          if (byte === iac) this.mode = 'command'
          else this.take(byte, data)
          break
        case 'command':
          this.readCommand(byte, data)
          break
        case 'option':
          reply.push(...this.negotiate(this.command, byte))
          this.mode = 'data'
          break
        case 'inside':
          if (byte === iac) this.mode = 'insideCommand'
          else if (this.inside.length < maxSubnegotiationBytes) this.inside.push(byte)
          break
        case 'insideCommand':
          if (byte === iac && this.inside.length < maxSubnegotiationBytes) this.inside.push(iac)
          this.mode = byte === endOfSubnegotiation ? 'data' : 'inside'
          if (byte === endOfSubnegotiation && this.inside.length > 0)
            subnegotiations.push({ option: this.inside[0], bytes: Uint8Array.from(this.inside.slice(1)) })
          break
      }
    }
    return { data: Uint8Array.from(data), subnegotiations, reply: Uint8Array.from(reply) }
  }

  private take(byte: number, data: number[]): void {
    const isPadding = byte === 0 && this.afterReturn && this.remoteState(telnetOptions.binary) !== 'on'
    this.afterReturn = byte === carriageReturn
    if (!isPadding) data.push(byte)
  }

  private readCommand(byte: number, data: number[]): void {
    this.mode = 'data'
    if (byte === iac) this.take(iac, data)
    else if (byte === subnegotiation) {
      this.inside = []
      this.mode = 'inside'
    } else if (byte >= will && byte <= dont) {
      this.command = byte
      this.mode = 'option'
    }
    // All others (no operation, data mark, go ahead, ...) need no reply.
  }

  /** Replies to a change of state only (RFC 1143): otherwise both sides would confirm each other's confirmations for ever. */
  private negotiate(command: number, option: number): number[] {
    const isTheirs = command === will || command === wont
    const states = isTheirs ? this.remote : this.local
    const [accept, refuse] = isTheirs ? [doCommand, dont] : [will, wont]
    const state = states.get(option) ?? 'off'
    if (command === wont || command === dont) {
      states.set(option, 'refused')
      return state === 'on' ? [iac, refuse, option] : []
    }
    if (state === 'on') return []
    if (!(isTheirs ? this.mayHave : this.mayDo).includes(option)) return [iac, refuse, option]
    states.set(option, 'on')
    return state === 'wanted' ? [] : [iac, accept, option]
  }
}
