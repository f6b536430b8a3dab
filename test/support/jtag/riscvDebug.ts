import { JtagTap } from './tap'

/** Registers of the debug module (RISC-V External Debug Support 0.13.2, table 3.8). */
const dm = {
  data0: 0x04,
  control: 0x10,
  status: 0x11,
  hartInfo: 0x12,
  abstractStatus: 0x16,
  command: 0x17,
  busStatus: 0x38,
  busAddress: 0x39,
  busData: 0x3c,
  haltSummary: 0x40
} as const
const addressBits = 7
const csrMstatus = 0x300
const csrMisa = 0x301
const csrDpc = 0x7b1

export interface DebuggedHart {
  tap: JtagTap
  readonly ram: Uint8Array
  readonly halted: boolean
  /** Where the hart was resumed last; null before that. */
  readonly resumedAt: number | null
  /** Writes with ndmreset: resets of all but the debug module. */
  readonly resets: number
}

/**
 * The debug transport and debug module of one RV32 hart that runs nothing: halt, resume, registers by abstract command,
 * memory by system bus access. A byte outside its RAM answers with a bus error (sberror 2); `damage` makes one address
 * read back wrong.
 */
export function createDebuggedHart(options: {
  idcode: number
  ramBase: number
  ramBytes: number
  damage?: number
}): DebuggedHart {
  const { ramBase } = options
  const ram = new Uint8Array(options.ramBytes)
  const registers = new Map<number, number>([
    [csrMisa, 0x4000_1105],
    [csrMstatus, 0],
    [0x7b0, 0x4000_0003]
  ])
  let halted = false
  let resumedAt: number | null = null
  let resumeAck = false
  let wasReset = true
  let resets = 0
  let isActive = false
  let hartSelect = 0
  let data0 = 0
  let commandError = 0
  let busAddress = 0
  let busSettings = 0
  let busError = 0

  const busRead = (): number => {
    const size = 1 << ((busSettings >>> 17) & 7)
    let value = 0
    for (let byte = size - 1; byte >= 0; byte--) {
      const at = busAddress + byte
      const damaged = at === options.damage ? 0xff : 0
      if (at < ramBase || at >= ramBase + ram.length) busError = 2
      else value = ((value << 8) | (ram[at - ramBase]! ^ damaged)) >>> 0
    }
    return value
  }
  const busWrite = (value: number): void => {
    const size = 1 << ((busSettings >>> 17) & 7)
    for (let byte = 0; byte < size; byte++) {
      const at = busAddress + byte
      if (at < ramBase || at >= ramBase + ram.length) busError = 2
      else ram[at - ramBase] = value >>> (8 * byte)
    }
  }
  const step = (): void => {
    if ((busSettings & 0x1_0000) !== 0) busAddress = (busAddress + (1 << ((busSettings >>> 17) & 7))) >>> 0
  }

  const command = (value: number): void => {
    if (commandError !== 0) return
    const register = value & 0xffff
    const isKnown = register < 0x1000 ? registers.has(register) || register === csrDpc : register <= 0x101f
    if (value >>> 24 !== 0 || ((value >>> 20) & 7) !== 2 || (value & 0x4_0000) !== 0) commandError = 2
    else if (!halted) commandError = 4
    else if ((value & 0x2_0000) === 0) return
    else if (!isKnown) commandError = 3
    else if ((value & 0x1_0000) !== 0) registers.set(register, data0)
    else data0 = registers.get(register) ?? 0
  }

  const read = (address: number): number => {
    switch (address) {
      case dm.data0:
        return data0
      case dm.control:
        return ((hartSelect << 16) | (isActive ? 1 : 0)) >>> 0
      case dm.status: {
        const exists = hartSelect === 0
        const bits =
          (exists ? 0 : 0xc000) |
          (exists && halted ? 0x300 : 0) |
          (exists && !halted ? 0xc00 : 0) |
          (resumeAck ? 0x3_0000 : 0) |
          (exists && wasReset ? 0xc_0000 : 0)
        return bits | 0x80 | 2
      }
      case dm.abstractStatus:
        return (commandError << 8) | 1
      case dm.busStatus: {
        const capabilities = (1 << 29) | (32 << 5) | 0b111
        return (capabilities | (busSettings & 0x1f_8000) | (busError << 12)) >>> 0
      }
      case dm.busAddress:
        return busAddress
      case dm.busData: {
        const value = busRead()
        step()
        return value
      }
      case dm.haltSummary:
        return halted ? 1 : 0
      default:
        return 0
    }
  }

  const write = (address: number, value: number): void => {
    switch (address) {
      case dm.data0:
        data0 = value
        break
      case dm.control:
        isActive = (value & 1) !== 0
        hartSelect = (value >>> 16) & 0x3ff
        if (hartSelect !== 0) break
        if ((value & 0x1000_0000) !== 0) wasReset = false
        if ((value & 2) !== 0) {
          wasReset = true
          halted = false
          resets++
        }
        if ((value & 0x8000_0000) !== 0) halted = true
        else if ((value & 0x4000_0000) !== 0 && halted) {
          halted = false
          resumeAck = true
          resumedAt = (registers.get(csrDpc) ?? 0) >>> 0
        }
        if ((value & 0x4000_0000) === 0 && (value & 0x8000_0000) !== 0) resumeAck = false
        break
      case dm.abstractStatus:
        commandError &= ~((value >>> 8) & 7)
        break
      case dm.command:
        command(value)
        break
      case dm.busStatus:
        busSettings = value
        busError &= ~((value >>> 12) & 7)
        break
      case dm.busAddress:
        busAddress = value
        break
      case dm.busData:
        busWrite(value)
        step()
        break
    }
  }

  let answer = 0
  const tap = new JtagTap({
    irLengthBits: 5,
    idcode: options.idcode,
    idcodeInstruction: 0x01,
    captureIr: () => 0b00001,
    register(instruction) {
      // dtmcs: version 1 (0.13), address bits, one idle cycle asked for.
      if (instruction === 0x10)
        return {
          lengthBits: 32,
          capture: () => BigInt(1 | (addressBits << 4) | (1 << 12)),
          update: () => undefined
        }
      if (instruction !== 0x11) return null
      return {
        lengthBits: addressBits + 34,
        capture: () => BigInt(answer) << 2n,
        update(value) {
          const operation = Number(value & 3n)
          const address = Number(value >> 34n)
          if (operation === 1) answer = read(address) >>> 0
          if (operation === 2) write(address, Number((value >> 2n) & 0xffff_ffffn))
        }
      }
    }
  })
  return {
    tap,
    ram,
    get halted() {
      return halted
    },
    get resumedAt() {
      return resumedAt
    },
    get resets() {
      return resets
    }
  }
}
