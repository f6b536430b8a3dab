import { rtlImplementationId } from '../../board/verilated'
import { plainTerms } from '../core/timing'
import type { MachineConfig } from './presets'

/**
 * The core of resources/rtl, to the cycle: four stages, one memory port for instructions and data, products a cycle late.
 * `xbb`: with the unit for packed dot products. docs/rtl.md derives each figure; `npm run rtl:lockstep` compares.
 */
export function rtlCore(xbb: boolean): MachineConfig {
  return {
    name: xbb ? 'rtl-xbb' : 'rtl',
    coreName: `Bitbench core (RV32IM${xbb ? ', packed dot products' : ''})`,
    implementationId: rtlImplementationId,
    clockHz: 12_000_000,
    ramBytes: 1 << 20,
    zbb: false,
    xbb,
    plain: true,
    cycleModel: {
      ...plainTerms,
      issueCycles: {
        alu: 1,
        shift: 1,
        multiply: 1,
        // One bit a cycle, one cycle to start and one to end.
        divide: 34,
        // The port serves the access in the first and the next instruction's fetch in the second.
        load: 2,
        store: 2,
        branch: 1,
        jump: 2,
        jumpRegister: 2,
        csr: 1,
        system: 2,
        // There are none: they trap.
        atomic: 1
      },
      loadUseStallCycles: 0,
      multiplyUseStallCycles: 1,
      branchCycles: { forwardTaken: 1, forwardNotTaken: 0, backwardTaken: 1, backwardNotTaken: 0 },
      trapCycles: 3,
      deviceAccessCycles: 0,
      instructionCache: null,
      dataCache: null
    }
  }
}
