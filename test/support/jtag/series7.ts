import { JtagTap } from './tap'

/** Instructions of a Xilinx 7 series FPGA (UG470, table 6-3). */
const instructions = { configIn: 0x05, idcode: 0x09, program: 0x0b, start: 0x0c } as const
/** Bits of its instruction register capture (UG470, figure 6-3). */
const initBit = 0x10
const doneBit = 0x20

export interface Series7 {
  tap: JtagTap
  /** Configuration bits received since the last JPROGRAM. */
  configBits(): number
  isConfigured(): boolean
}

/** The configuration port of a Xilinx 7 series FPGA, as far as loading its SRAM goes. */
export function createSeries7(options: { idcode: number; neverDone?: boolean }): Series7 {
  let bits = 0
  let done = false
  const tap = new JtagTap({
    irLengthBits: 6,
    idcode: options.idcode,
    idcodeInstruction: instructions.idcode,
    captureIr: () => 0x01 | initBit | (done ? doneBit : 0),
    register: (instruction) =>
      instruction === instructions.configIn
        ? { lengthBits: 1, capture: () => 0n, update: () => undefined, shifted: () => void bits++ }
        : null,
    onInstruction(instruction) {
      if (instruction === instructions.program) {
        bits = 0
        done = false
      }
      if (instruction === instructions.start && options.neverDone !== true) done = bits > 0
    }
  })
  return { tap, configBits: () => bits, isConfigured: () => done }
}
