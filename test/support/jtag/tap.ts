/**
 * A JTAG test access port (IEEE 1149.1-2013, figure 6-1): sixteen states driven by TMS, an instruction register, and
 * one data register per instruction. What a real programming tool is run against where there is no cable.
 */
export interface DataRegister {
  readonly lengthBits: number
  /** What Capture-DR loads, least significant bit first out. */
  capture(): bigint
  /** What Update-DR leaves behind, after whole shifts. */
  update(value: bigint): void
  /** Sees every bit that goes in, for registers that take streams (an FPGA's configuration). */
  shifted?(bit: number): void
}

export interface TapOptions {
  irLengthBits: number
  idcode: number
  idcodeInstruction: number
  /** What Capture-IR loads; its lowest two bits are 01 by the standard. */
  captureIr: () => number
  /** The data register an instruction selects; null is BYPASS. */
  register: (instruction: number) => DataRegister | null
  onInstruction?: (instruction: number) => void
}

/** Next state for TMS 0 and 1. */
const next = {
  reset: ['idle', 'reset'],
  idle: ['idle', 'selectDr'],
  selectDr: ['captureDr', 'selectIr'],
  captureDr: ['shiftDr', 'exit1Dr'],
  shiftDr: ['shiftDr', 'exit1Dr'],
  exit1Dr: ['pauseDr', 'updateDr'],
  pauseDr: ['pauseDr', 'exit2Dr'],
  exit2Dr: ['shiftDr', 'updateDr'],
  updateDr: ['idle', 'selectDr'],
  selectIr: ['captureIr', 'reset'],
  captureIr: ['shiftIr', 'exit1Ir'],
  shiftIr: ['shiftIr', 'exit1Ir'],
  exit1Ir: ['pauseIr', 'updateIr'],
  pauseIr: ['pauseIr', 'exit2Ir'],
  exit2Ir: ['shiftIr', 'updateIr'],
  updateIr: ['idle', 'selectDr']
} as const
type TapState = keyof typeof next

export class JtagTap {
  /** The level on TDO now. */
  tdo = 0
  private state: TapState = 'reset'
  private instruction: number
  private shift = 0n
  private lengthBits = 0
  private current: DataRegister | null = null

  constructor(private readonly options: TapOptions) {
    this.instruction = options.idcodeInstruction
  }

  /** One rising edge of TCK. Answers TDO as it was before the edge, which is what a tool samples. */
  clock(tms: number, tdi: number): number {
    const before = this.tdo
    if (this.state === 'shiftDr' || this.state === 'shiftIr') this.shiftBit(tdi)
    this.state = next[this.state][tms === 0 ? 0 : 1]
    this.enter()
    return before
  }

  private shiftBit(tdi: number): void {
    if (this.state === 'shiftDr' && this.current?.shifted !== undefined) {
      this.current.shifted(tdi)
      return
    }
    this.shift = (this.shift >> 1n) | (BigInt(tdi) << BigInt(this.lengthBits - 1))
    this.tdo = Number(this.shift & 1n)
  }

  private enter(): void {
    switch (this.state) {
      case 'reset':
        this.instruction = this.options.idcodeInstruction
        break
      case 'captureIr':
        this.load(BigInt(this.options.captureIr()), this.options.irLengthBits)
        break
      case 'updateIr':
        this.instruction = Number(this.shift)
        this.options.onInstruction?.(this.instruction)
        break
      case 'captureDr':
        this.current = this.selected()
        this.load(this.current?.capture() ?? 0n, this.current?.lengthBits ?? 1)
        break
      case 'updateDr':
        this.current?.update(this.shift)
        break
    }
  }

  private selected(): DataRegister | null {
    if (this.instruction !== this.options.idcodeInstruction) return this.options.register(this.instruction)
    return {
      lengthBits: 32,
      capture: () => BigInt(this.options.idcode >>> 0),
      update: () => undefined
    }
  }

  private load(value: bigint, lengthBits: number): void {
    this.shift = value
    this.lengthBits = lengthBits
    this.tdo = Number(value & 1n)
  }
}
