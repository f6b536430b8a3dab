import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { describeFlashBoard, type FlashChipName } from '../../board/description/flashBoards'
import { plainTerms } from '../core/timing'
import type { MachineConfig } from './presets'

/** A virtual GD32VF103 or CH32V307. */
export const flashBoard = (chip: FlashChipName): MachineConfig =>
  flashMachine(describeFlashBoard(chip, true), chip)

/** One cycle per instruction: the timing of these cores is not modelled, and cycle counts are no prediction of theirs. */
const issueCycles = {
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
} as const

/**
 * A virtual microcontroller that executes in place: flash, RAM, USART and counter at the described addresses and of the described
 * size (flash up to the next power of two); misaligned accesses trap.
 */
export function flashMachine(board: BoardDescription, name: string): MachineConfig {
  const { flash, ram, uart, counter } = board
  const flashBytes = flash?.sizeBytes ?? 0
  return {
    name,
    coreName: `${board.name ?? name} (simulated)`,
    implementationId: 0,
    hasIdentity: false,
    clockIsKnown: false,
    clockHz: board.clockHz ?? 8_000_000,
    ramBytes: Math.max(1 << 16, 2 ** Math.ceil(Math.log2(flashBytes))),
    zbb: false,
    misaligned: false,
    ...(counter.kind === 'mcycle' ? {} : { counters: 'none' as const }),
    flash: {
      base: flash?.base ?? 0,
      ramBase: ram.base,
      ramBytes: ram.sizeBytes,
      usartBase: uart.base,
      sysTickBase: counter.kind === 'timer' ? counter.address - 8 : null
    },
    cycleModel: {
      ...plainTerms,
      issueCycles,
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
