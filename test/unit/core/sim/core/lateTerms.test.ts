import { describe, expect, it } from 'vitest'
import { corePresets, type MachineConfig } from '@core/sim/boards/presets'
import { checkConfig } from '@core/sim/machineConfig'
import type { CycleModel } from '@core/sim/core/timing'
import { engines, register, runProgram } from '../testMachine'

/** The terms that no preset has: late results two instructions on, iterative shifts, wait states, straddles, a second level. */
const board = (change: Partial<CycleModel>): MachineConfig => ({
  ...corePresets.small,
  cycleModel: { ...corePresets.small.cycleModel, ...change }
})

/** Cycles of a body between two reads of mcycle in the second of two rounds, less the csrr that lies between. */
function cyclesOf(change: Partial<CycleModel>, body: string, engine: (typeof engines)[number]): number {
  const config = board(change)
  const machine = runProgram(
    `
    li s0, 0x80010000
    li s10, 2
measured:
    csrr s8, mcycle
    ${body}
    csrr s9, mcycle
    addi s10, s10, -1
    beqz s10, finished
    j measured
finished:
    sub a0, s9, s8`,
    { board: config, cycleModel: true, engine }
  )
  const { issueCycles, memoryWaitCycles } = config.cycleModel
  return machine.registers()[register.a0] - issueCycles.csr - memoryWaitCycles
}

describe.each(engines)('terms of cores beside the presets, %s', (engine) => {
  const late = { loadUseStallCycles: 4, loadLaterUseStallCycles: 2, multiplyLaterUseStallCycles: 7 }
  // small: 3 an add, 5 a load, 6 a product.
  it.each<[string, Partial<CycleModel>, string, number]>([
    ['a load read at once', late, 'lw a1, 0(s0)\n add a2, a1, a1\n add a3, a1, a1', 5 + 4 + 3 + 3],
    ['a load read one later', late, 'lw a1, 0(s0)\n add a2, a3, a3\n add a3, a1, a1', 5 + 2 + 3 + 3],
    ['a load read two later', late, 'lw a1, 0(s0)\n addi a2, a2, 1\n addi a3, a3, 1\n add a4, a1, a1', 5 + 9],
    ['a load overwritten before', late, 'lw a1, 0(s0)\n addi a1, a2, 1\n add a3, a1, a1', 5 + 3 + 3],
    ['a store between', late, 'lw a1, 0(s0)\n sw a2, 4(s0)\n add a3, a1, a1', 5 + 2 + 5 + 3],
    ['a product read one later', late, 'mul a1, a2, a3\n add a2, a3, a3\n add a3, a1, a1', 6 + 7 + 3 + 3],
    ['a shift read at once', { shiftUseStallCycles: 2 }, 'slli a1, a2, 3\n add a2, a1, a1', 3 + 2 + 3],
    [
      'shifts by 7 and 31, a bit a step',
      { shifter: { form: 'iterative', bitsPerStep: 1, stepCycles: 1 } },
      'slli a1, a2, 7\n addi a3, x0, 31\n srl a1, a2, a3',
      3 + 7 + 3 + 3 + 31
    ],
    // 31 = 7 steps of four and 3 of one.
    [
      'shifts by 7 and 31, four bits a step',
      { shifter: { form: 'iterative', bitsPerStep: 4, stepCycles: 2 } },
      'slli a1, a2, 7\n addi a3, x0, 31\n srl a1, a2, a3',
      3 + 2 * (1 + 3) + 3 + 3 + 2 * (7 + 3)
    ],
    // One for each fetch and access, none for the fetch behind a product.
    ['wait states', { memoryWaitCycles: 2 }, 'add a1, a2, a3\n lw a1, 0(s0)\n mul a1, a2, a3', 5 + 9 + 6],
    ['wait states of a taken branch', { memoryWaitCycles: 2 }, 'beq a1, a1, .+4', 5 + 4]
  ])('%s', (_name, change, body, expected) => {
    expect(cyclesOf(change, body, engine)).toBe(expected)
  })

  it('charges a miss of both levels, then of the first alone, and stores to the second', () => {
    const cache = { sizeBytes: 64, ways: 1, lineBytes: 32 }
    const caches: Partial<CycleModel> = {
      dataCache: { ...cache, missCycles: 10, writePolicy: 'through', writeBackCycles: 0 },
      secondLevelCache: { sizeBytes: 256, ways: 1, lineBytes: 16, missCycles: 100, writeBackCycles: 50 }
    }
    // Lines 0 and 64 share a set of the first level and have two lines each in the second: all warm there.
    expect(cyclesOf(caches, 'lw a1, 0(s0)\n lw a1, 64(s0)', engine)).toBe(2 * (5 + 10))
    expect(cyclesOf(caches, 'lw a1, 0(s0)\n lw a1, 4(s0)\n sw a1, 64(s0)', engine)).toBe(5 + 5 + 5)
    // 256 bytes on, the second level evicts too: two of its lines for each line of the first, and one is dirty.
    expect(cyclesOf(caches, 'lw a1, 0(s0)\n sw a1, 0(s0)\n lw a1, 256(s0)', engine)).toBe(
      5 + 10 + 200 + 5 + 5 + 10 + 200 + 50
    )
  })
})

it('refuses a second level without a first', () => {
  const second = { sizeBytes: 256, ways: 1, lineBytes: 16, missCycles: 1, writeBackCycles: 0 }
  expect(() => checkConfig(board({ secondLevelCache: second }))).toThrow(
    'second-level cache and no data cache'
  )
})
