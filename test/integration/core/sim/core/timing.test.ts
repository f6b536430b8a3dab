import { describe, expect, it } from 'vitest'
import { createMachine } from '@core/sim/createMachine'
import { ramBase } from '@core/sim/machine'
import { corePresetNames } from '@core/sim/boards/presets'
import { matmulProgram } from '../../../../../bench/simPrograms'
import { engines } from '../../../../unit/core/sim/testMachine'

/** The cycle model over whole kernels; instruction by instruction: test/unit/core/sim/core/timing.test.ts. */
describe.each(engines)('cycle model of a kernel, %s', (engine) => {
  it('small is of the class of the core it imitates', () => {
    // PicoRV32's RTL: 7,972,035 cycles for the 1,868,180 instructions of a 64 x 64 x 64 int8 matmul, 4.267 a piece.
    const machine = createMachine({ board: 'small', engine })
    machine.loadBinary(ramBase, matmulProgram(64, 1).bytes)
    machine.run(65_536 * 6 + 10) // the part that fills the matrices
    const [instructions, cycles] = [machine.instret(), machine.cycles()]
    expect(machine.run(10_000_000).reason).toBe('powerOff')
    const perInstruction = (machine.cycles() - cycles) / (machine.instret() - instructions)
    expect(perInstruction / (7_972_035 / 1_868_180)).toBeGreaterThan(0.98)
    expect(perInstruction / (7_972_035 / 1_868_180)).toBeLessThan(1.02)
  })
})

describe('presets', () => {
  it('differ where profiles should differ', () => {
    const perInstruction = corePresetNames.map((board) => {
      const machine = createMachine({ board })
      machine.loadBinary(ramBase, matmulProgram(64, 1).bytes)
      machine.run(100_000_000)
      return machine.cycles() / machine.instret()
    })
    expect(perInstruction[0]).toBeGreaterThan(2 * perInstruction[1])
    expect(perInstruction[1]).toBeGreaterThan(1.2 * perInstruction[2])
  })
})
