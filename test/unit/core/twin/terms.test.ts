import { describe, expect, it } from 'vitest'
import type { KernelEvents } from '@core/twin/events'
import { termNames, twinTerms, type TermName } from '@core/twin/terms'

describe('terms of a twin', () => {
  it('expect of a multi-cycle core what the table of PicoRV32 says', () => {
    // README of PicoRV32, "Cycles per Instruction Performance", dual-port: 3 for register operations and branches not taken,
    // 5 for branches taken and accesses to memory, 3 for jumps, 6 for indirect ones, 40 for divisions. Its shifts step by four
    // bits and then by one, a cycle each.
    const cycles = (name: TermName): number => twinTerms[name].expected.multicycle.cycles
    expect(['alu', 'shift', 'branch', 'jump'].map((name) => cycles(name as TermName))).toEqual([3, 3, 3, 3])
    expect([cycles('load'), cycles('store'), cycles('jumpRegister'), cycles('divide')]).toEqual([5, 5, 6, 40])
    expect(cycles('branch') + cycles('forwardTaken')).toBe(5)
    expect(cycles('branch') + cycles('backwardTaken')).toBe(5)
    expect([cycles('shiftStep1'), cycles('shiftStep4')]).toEqual([1, 1])
    const none: TermName[] = ['loadUse', 'multiplyUse', 'shiftUse', 'forwardNotTaken', 'backwardNotTaken']
    expect(none.map(cycles)).toEqual([0, 0, 0, 0, 0])
  })

  it('expect of a pipeline one cycle an instruction, and more where it waits', () => {
    const cycles = (name: TermName): number => twinTerms[name].expected.pipeline.cycles
    const single: TermName[] = [
      'alu',
      'shift',
      'multiply',
      'load',
      'store',
      'branch',
      'shiftStep1',
      'shiftStep4'
    ]
    expect(single.map(cycles)).toEqual(single.map(() => 1))
    expect([cycles('loadUse'), cycles('loadLaterUse'), cycles('multiplyUse')]).toEqual([2, 1, 2])
    // Predicted backwards taken, forwards not: the other two cost the refill of the pipeline.
    expect([cycles('backwardTaken'), cycles('forwardNotTaken')]).toEqual([1, 0])
    expect([cycles('forwardTaken'), cycles('backwardNotTaken')]).toEqual([3, 3])
  })

  it('cost no instruction and no miss less than a cycle, and anything else nothing at least', () => {
    const instructions = [
      'alu',
      'shift',
      'multiply',
      'divide',
      'load',
      'store',
      'branch',
      'jump',
      'jumpRegister'
    ]
    const one = new Set([...instructions, 'instructionMiss', 'dataMiss'])
    for (const name of termNames) expect([name, twinTerms[name].least]).toEqual([name, one.has(name) ? 1 : 0])
  })

  it('are charged for their own events, of the memory shape that is looked at', () => {
    const names = [
      'alu',
      'shift',
      'multiply',
      'divide',
      'load',
      'store',
      'branch',
      'jump',
      'jumpRegister'
    ] as const
    const classes = Object.fromEntries(names.map((name, at) => [name, 2 ** at]))
    const uses = ['loadUse', 'loadLaterUse', 'multiplyUse', 'multiplyLaterUse', 'shiftUse'] as const
    const branches = ['forwardTaken', 'forwardNotTaken', 'backwardTaken', 'backwardNotTaken'] as const
    const misses = (base: number) => ({
      instructionMisses: base,
      dataMisses: base + 1,
      dataWriteBacks: base + 2,
      secondMisses: base + 3,
      secondWriteBacks: base + 4
    })
    const kernel = {
      instructions: 100_000,
      classes,
      ...Object.fromEntries(uses.map((name, at) => [name, 1000 + at])),
      ...Object.fromEntries(branches.map((name, at) => [name, 2000 + at])),
      shiftSteps1: 31,
      shiftSteps4: 41,
      straddles: 51,
      memory: [misses(60), misses(70)]
    } as unknown as KernelEvents
    const events = (name: TermName): number => twinTerms[name].events(kernel, 1)
    names.forEach((name, at) => expect(events(name)).toBe(2 ** at))
    uses.forEach((name, at) => expect(events(name)).toBe(1000 + at))
    branches.forEach((name, at) => expect(events(name)).toBe(2000 + at))
    expect([events('shiftStep1'), events('shiftStep4'), events('straddle')]).toEqual([31, 41, 51])
    const missed: TermName[] = [
      'instructionMiss',
      'dataMiss',
      'dataWriteBack',
      'secondMiss',
      'secondWriteBack'
    ]
    expect(missed.map(events)).toEqual([70, 71, 72, 73, 74])
    // One fetch each, but none while a product or a quotient is computed; one more access for data, one more fetch behind
    // every branch that is taken.
    expect(events('memoryWait')).toBe(100_000 - 4 - 8 + 16 + 32 + 2000 + 2002)
  })
})
