import { flashChips, flashMap, type FlashChipName } from '../../board/description/flashBoards'
import { plainTerms } from '../core/timing'
import type { MachineConfig } from './presets'

/**
 * A virtual GD32VF103 or CH32V307: flash, RAM, USART and counter at the chip's addresses and of its size, misaligned accesses trap.
 * One cycle an instruction: nobody has measured the timing of these cores here, and none is claimed.
 */
export function flashBoard(chip: FlashChipName): MachineConfig {
  const { name, flashBytes, ramBytes, sysTick } = flashChips[chip]
  return {
    name: chip,
    coreName: `${name} (simulated)`,
    implementationId: 0,
    hasIdentity: false,
    clockIsKnown: false,
    clockHz: 8_000_000,
    ramBytes: flashBytes,
    zbb: false,
    misaligned: false,
    ...(sysTick === null ? {} : { counters: 'none' as const }),
    flash: {
      base: flashMap.flash,
      ramBase: flashMap.ram,
      ramBytes,
      usartBase: flashMap.usart,
      sysTickBase: sysTick
    },
    cycleModel: {
      ...plainTerms,
      issueCycles: {
        alu: 1,
        shift: 1,
        multiply: 1,
        divide: 1,
        load: 1,
        store: 1,
        branch: 1,
        jump: 1,
        jumpRegister: 1,
        csr: 1,
        system: 1,
        atomic: 1
      },
      loadUseStallCycles: 0,
      multiplyUseStallCycles: 0,
      branchCycles: { forwardTaken: 0, forwardNotTaken: 0, backwardTaken: 0, backwardNotTaken: 0 },
      trapCycles: 0,
      deviceAccessCycles: 0,
      instructionCache: null,
      dataCache: null
    }
  }
}
