import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  isVirtualBoardRunning,
  leaveOutWaiting,
  simulatedMs,
  trackVirtualBoard,
  virtualEnergyJ
} from '@main/board/links/virtualActivity'

let hostMs = 0
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => hostMs)
})
afterEach(() => vi.restoreAllMocks())

describe('the clock of virtual boards', () => {
  it('goes as the cycles of a board while it executes, and as the host while it waits', () => {
    const board = trackVirtualBoard()
    const startMs = simulatedMs()
    hostMs += 100
    board.executes(1_000, 0)
    // The host takes 40 ms for 5 ms of the board.
    hostMs += 40
    expect(simulatedMs() - startMs).toBeCloseTo(100, 6)
    board.executes(1_005, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(105, 6)
    hostMs += 1
    board.waits(1_007, 0)
    hostMs += 50
    expect(simulatedMs() - startMs).toBeCloseTo(157, 6)
    expect(isVirtualBoardRunning(startMs + 99)).toBe(false)
    expect(isVirtualBoardRunning(startMs + 101)).toBe(true)
    expect(isVirtualBoardRunning(startMs + 108)).toBe(false)
    board.ended()
  })

  it('stands still between executions where waiting is left out', () => {
    const board = trackVirtualBoard()
    const startMs = simulatedMs()
    const count = leaveOutWaiting()
    hostMs += 30
    expect(simulatedMs() - startMs).toBeCloseTo(0, 6)
    board.executes(0, 0)
    board.waits(7, 0)
    hostMs += 30
    expect(simulatedMs() - startMs).toBeCloseTo(7, 6)
    count()
    hostMs += 2
    expect(simulatedMs() - startMs).toBeCloseTo(9, 6)
    board.ended()
  })

  it('goes on when a core that executes is reset and counts from zero again', () => {
    const board = trackVirtualBoard()
    const startMs = simulatedMs()
    board.executes(5_000, 0)
    board.executes(5_010, 0)
    board.executes(3, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(13, 6)
    board.waits(4, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    board.executes(4, 0)
    board.waits(6, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(16, 6)
    board.ended()
  })

  it('counts the longer of two boards at once, and never goes back', () => {
    const [first, second] = [trackVirtualBoard(), trackVirtualBoard()]
    const startMs = simulatedMs()
    first.executes(0, 0)
    first.executes(10, 0)
    second.executes(500, 0)
    second.executes(504, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    second.ended()
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    first.waits(12, 0)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    first.ended()
  })

  it('spreads what a board drew over the time in which it executed, none while it waits', () => {
    const board = trackVirtualBoard()
    const startMs = simulatedMs()
    const between = (fromMs: number, toMs: number): number => virtualEnergyJ(startMs + fromMs, startMs + toMs)
    hostMs += 100
    // What it drew before it was seen first is not counted.
    board.executes(50, 7)
    board.executes(60, 7.2)
    board.waits(70, 8.2)
    hostMs += 100
    board.executes(70, 8.2)
    board.waits(75, 8.7)
    expect(between(0, 100)).toBe(0)
    expect(between(100, 110)).toBeCloseTo(0.2, 9)
    expect(between(102.5, 105)).toBeCloseTo(0.05, 9)
    expect(between(110, 120)).toBeCloseTo(1, 9)
    expect(between(120, 220)).toBeCloseTo(0, 9)
    expect(between(220, 1000)).toBeCloseTo(0.5, 9)
    board.ended()
  })

  it('adds what two boards draw, and goes on from zero behind a reset', () => {
    const [first, second] = [trackVirtualBoard(), trackVirtualBoard()]
    const startMs = simulatedMs()
    first.executes(0, 0)
    second.executes(0, 0)
    first.executes(10, 1)
    second.executes(10, 2)
    first.executes(2, 0.5)
    first.waits(3, 0.75)
    second.waits(20, 3)
    expect(virtualEnergyJ(startMs, startMs + 100)).toBeCloseTo(1 + 0.75 + 3, 9)
    first.ended()
    second.ended()
  })
})
