import { classOf, op } from './operations'
import type { InstructionClass } from './timing'

/**
 * What the core and its memory draw beyond waiting, in pJ. Invented, but in the proportions that are published for 45 nm
 * (M. Horowitz, "Computing's energy problem", ISSCC 2014): most of an instruction is fetching and steering it, a multiply costs
 * several additions more, an access to SRAM more than that, and a line from outside as much as tens of instructions. So two
 * kernels of equal cycles differ in energy. docs/sim.md has the table.
 */
export interface EnergyModel {
  /** Of every cycle: clock tree and pipeline registers. */
  cyclePj: number
  /** Of an instruction, by class. Whole numbers. */
  instructionPj: Record<InstructionClass, number>
  /** Of a packed dot product, of packing codes, of a sum's code and of the greater of bytes (docs/isa.md). */
  dotPj: number
  packPj: number
  quantPj: number
  byteMaxPj: number
  /** Of each byte of a line that a cache fetches from outside. */
  fetchedBytePj: number
}

/** The model of all virtual boards. */
export const energyModel: EnergyModel = {
  cyclePj: 60,
  instructionPj: {
    alu: 110,
    shift: 125,
    multiply: 330,
    divide: 600,
    load: 260,
    store: 230,
    branch: 100,
    jump: 105,
    jumpRegister: 120,
    csr: 120,
    system: 120,
    atomic: 450
  },
  dotPj: 380,
  packPj: 140,
  quantPj: 360,
  byteMaxPj: 120,
  fetchedBytePj: 100
}

/** Energy of an instruction, pJ, without its cycles and cache misses. */
export function instructionEnergyPj(operation: number): number {
  if (operation === op.dot || operation === op.dotAlone) return energyModel.dotPj
  if (operation === op.pack) return energyModel.packPj
  if (operation === op.quant || operation === op.quantAlone) return energyModel.quantPj
  if (operation === op.byteMax) return energyModel.byteMaxPj
  return energyModel.instructionPj[classOf(operation)]
}
