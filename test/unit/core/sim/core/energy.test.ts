import { describe, expect, it } from 'vitest'
import { energyModel, instructionEnergyPj } from '@core/sim/core/energy'
import { op } from '@core/sim/core/operations'
import { engines, runProgram } from '../testMachine'

const { cyclePj, instructionPj, fetchedBytePj } = energyModel

/** Energy that a program takes beyond one without its lines, pJ. */
function extraPj(lines: string, board: 'small' | 'high', engine: (typeof engines)[number]): number {
  const of = (body: string): number => runProgram(body, { board, cycleModel: true, engine }).energyJ()
  return (of(`li s0, 0x80010000\n${lines}`) - of('li s0, 0x80010000\n')) * 1e12
}

describe.each(engines)('energy of instructions (%s)', (engine) => {
  it('small: of each class, with its cycles', () => {
    const lines = 'mul a0, a1, a2\n lw a1, 0(s0)\n add a2, a1, a1\n sw a2, 4(s0)'
    // PicoRV32 class: 6, 5, 3 and 5 cycles, no caches.
    const { multiply, load, alu, store } = instructionPj
    expect(extraPj(lines, 'small', engine)).toBeCloseTo(multiply + load + alu + store + 19 * cyclePj, 3)
  })

  it('high: a line that the data cache fetches adds the energy of its bytes', () => {
    // Both loads miss a line of 64 bytes each; the code stays in the line that is there already.
    const once = extraPj('lw a1, 0(s0)', 'high', engine)
    expect(once).toBeCloseTo(instructionPj.load + (1 + 40) * cyclePj + 64 * fetchedBytePj, 3)
  })
})

it('a loop is charged like its instructions, and a reset begins at zero', () => {
  const loop = (rounds: number): string => `li t2, ${rounds}\n addi t2, t2, -1\n bnez t2, .-4`
  const engine = 'compiled'
  const of = (rounds: number): number =>
    runProgram(loop(rounds), { board: 'small', cycleModel: true, engine }).energyJ() * 1e12
  const { alu, branch } = instructionPj
  // addi 3 cycles; bnez 3 and 2 more when taken.
  expect((of(1500) - of(500)) / 1000).toBeCloseTo(alu + branch + 8 * cyclePj, 6)
  const machine = runProgram(loop(10), { board: 'small' })
  machine.reset()
  expect(machine.energyJ()).toBe(0)
})

it('a packed dot product draws more than a multiply, and packing less', () => {
  expect(instructionEnergyPj(op.dot)).toBeGreaterThan(instructionEnergyPj(op.mul))
  expect(instructionEnergyPj(op.pack)).toBeLessThan(instructionEnergyPj(op.mul))
})
