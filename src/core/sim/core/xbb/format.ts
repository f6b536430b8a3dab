/**
 * Instructions of the extension `xbb` (docs/isa.md): opcode custom-0, R-type. They differ in the ten bits
 * funct7 and funct3, kept in a decoded instruction's immediate as funct7 << 3 | funct3.
 */
export const xbbOpcode = 0x0b

/** What is not a dot product has bit 2 of funct3 set. */
export const xbbFunct3 = { pack: 4, quant: 5, max: 6 } as const

/** Widths by their two-bit code. */
export const xbbWidths = [1, 2, 4, 8] as const

/** Width of a code in bits. */
export type XbbWidth = (typeof xbbWidths)[number]

/** What a dot product's ten function bits say. */
export interface DotFormat {
  /** Bits of a code in rs1 and in rs2. */
  width1: XbbWidth
  width2: XbbWidth
  /** Two's complement (one bit: 0 is -1, 1 is +1), or unsigned (one bit: 0 and 1). */
  signed1: boolean
  signed2: boolean
  /** Which group of the narrower operand's codes is multiplied with the wider one's, from the lowest. */
  part: number
}

/** Reads the ten function bits of a dot product. */
export function readDotFormat(functionBits: number): DotFormat {
  return {
    width1: xbbWidths[(functionBits >> 5) & 3],
    width2: xbbWidths[(functionBits >> 3) & 3],
    signed1: (functionBits & 1) === 0,
    signed2: (functionBits & 2) === 0,
    part: (functionBits >> 7) & 7
  }
}

/** The ten function bits of a dot product. */
export function dotFunctionBits({ width1, width2, signed1, signed2, part }: DotFormat): number {
  const size = (width: XbbWidth): number => xbbWidths.indexOf(width)
  return (part << 7) | (size(width1) << 5) | (size(width2) << 3) | (signed2 ? 0 : 2) | (signed1 ? 0 : 1)
}

/** The instruction word of ten function bits and three registers. */
export function xbbWord(functionBits: number, rd: number, rs1: number, rs2: number): number {
  const funct7 = functionBits >> 3
  return (
    ((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | ((functionBits & 7) << 12) | (rd << 7) | xbbOpcode) >>> 0
  )
}

/** Whether ten function bits are an instruction: a dot product of a part that exists, a pack of 1, 2 or 4 bits, quant or max. */
export function isXbbInstruction(functionBits: number): boolean {
  const [funct3, funct7] = [functionBits & 7, functionBits >> 3]
  if (funct3 === xbbFunct3.pack) return funct7 < 3
  if (funct3 === xbbFunct3.quant || funct3 === xbbFunct3.max) return funct7 === 0
  if (funct3 > xbbFunct3.max) return false
  const { width1, width2, part } = readDotFormat(functionBits)
  return part < Math.max(width1, width2) / Math.min(width1, width2)
}
