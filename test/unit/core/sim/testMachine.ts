import { assemble } from '../../../support/assembler'
import { createMachine } from '@core/sim/createMachine'
import { ramBase, type Engine, type MachineOptions, type VirtualMachine } from '@core/sim/machine'
import { corePresets, type MachineConfig } from '@core/sim/boards/presets'
import { expect } from 'vitest'

export const engines: readonly Engine[] = ['interpreter', 'compiled']

/** `small` with Zbb, for tests that are not about timing. */
export const zbbBoard: MachineConfig = { ...corePresets.small, name: 'test', zbb: true }

/** Ends a test program. */
export const powerOff = '\n li t0, 0x100000\n li t1, 0x5555\n sw t1, 0(t0)\n'

export function load(source: string, options: Partial<MachineOptions> = {}): VirtualMachine {
  const machine = createMachine({ board: zbbBoard, cycleModel: false, compileAfterJumps: 20, ...options })
  machine.loadBinary(ramBase, assemble(source, ramBase).bytes)
  return machine
}

/** Assembles, runs until power off and returns the machine. */
export function runProgram(source: string, options: Partial<MachineOptions> = {}): VirtualMachine {
  const machine = load(source + powerOff, options)
  expect(machine.run(2_000_000).reason).toBe('powerOff')
  return machine
}

/** Everything of a machine that a guest could tell apart. */
export function snapshot(machine: VirtualMachine): unknown {
  return {
    pc: machine.pc(),
    registers: [...machine.registers()],
    instret: machine.instret(),
    cycles: machine.cycles(),
    energyJ: machine.energyJ(),
    lastTrap: machine.lastTrap
  }
}

/** Register numbers by ABI name, for reading results. */
export const register = {
  ra: 1,
  sp: 2,
  t0: 5,
  t1: 6,
  t2: 7,
  s0: 8,
  s1: 9,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a4: 14,
  a5: 15,
  a6: 16,
  a7: 17
} as const
