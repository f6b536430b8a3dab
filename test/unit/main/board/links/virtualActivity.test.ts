import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  isVirtualBoardRunning,
  leaveOutWaiting,
  simulatedMs,
  trackVirtualBoard
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
    board.executes(1_000)
    // The host takes 40 ms for 5 ms of the board.
    hostMs += 40
    expect(simulatedMs() - startMs).toBeCloseTo(100, 6)
    board.executes(1_005)
    expect(simulatedMs() - startMs).toBeCloseTo(105, 6)
    hostMs += 1
    board.waits(1_007)
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
    board.executes(0)
    board.waits(7)
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
    board.executes(5_000)
    board.executes(5_010)
    board.executes(3)
    expect(simulatedMs() - startMs).toBeCloseTo(13, 6)
    board.waits(4)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    board.executes(4)
    board.waits(6)
    expect(simulatedMs() - startMs).toBeCloseTo(16, 6)
    board.ended()
  })

  it('counts the longer of two boards at once, and never goes back', () => {
    const [first, second] = [trackVirtualBoard(), trackVirtualBoard()]
    const startMs = simulatedMs()
    first.executes(0)
    first.executes(10)
    second.executes(500)
    second.executes(504)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    second.ended()
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    first.waits(12)
    expect(simulatedMs() - startMs).toBeCloseTo(14, 6)
    first.ended()
  })
})
