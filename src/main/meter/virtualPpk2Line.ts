import { setTimeout as pause } from 'node:timers/promises'
import { concatBytes } from '../../core/binary/bytes'
import { ppk2StepMs } from '../../core/meter/ppk2/commands'
import { createVirtualPpk2, type VirtualPpk2 } from '../../core/meter/ppk2/virtualPpk2'
import type { MeterLine } from './meterDevice'

/** Current of the simulated board while it waits, A: invented. What it executes comes on top. */
export const virtualWaitingA = 0.008
const tickMs = 10
/** Current and input D0 change at most this often, ms. */
const pieceMs = 0.1
/** Longest stretch that is made at once, ms: the rest of what a busy machine has missed follows in the next turns. */
const maxAtOnceMs = 50
/** Longest stretch that is caught up on, ms: beyond it the simulated clock falls behind, which recordings note. */
const maxBehindMs = 60_000

/** What a simulated meter sees of virtual boards, by their simulated clock. */
export interface MeteredBoards {
  isRunning(atMs: number): boolean
  /** Energy that they drew beyond waiting between two times, J. */
  energyJ(fromMs: number, toMs: number): number
  nowMs(): number
}

/** A line to a simulated PPK2: the current follows what virtual boards execute, and input D0 whether one does. */
export function openVirtualPpk2({
  isRunning,
  energyJ,
  nowMs
}: MeteredBoards): MeterLine & { caughtUp(): Promise<void>; measuredMs(): number } {
  let running = false
  /** Power of the boards beyond waiting, W. */
  let powerW = 0
  const meter: VirtualPpk2 = createVirtualPpk2({
    // A ripple of 1 %, so that no reading is stuck.
    currentA: (tMs) =>
      (virtualWaitingA + (powerW * 1000) / meter.supplyMv) * (1 + 0.01 * Math.sin(7.3 * tMs)),
    bits: () => (running ? 1 : 0)
  })
  const listeners = new Set<(bytes: Uint8Array) => void>()
  const send = (bytes: Uint8Array): void => {
    if (bytes.length > 0) for (const listener of listeners) listener(bytes)
  }
  // Pieces are counted: at times of 2e12 ms a sum of tenths is 0.1 % too large, and readings would drift away from the work.
  let begunMs = nowMs()
  let sentPieces = 0
  const sentMs = (): number => begunMs + sentPieces * pieceMs
  let isOpen = true
  let next: NodeJS.Immediate | undefined
  const advance = (): void => {
    next = undefined
    if (!isOpen) return
    if (sentMs() < nowMs() - maxBehindMs) [begunMs, sentPieces] = [nowMs() - maxBehindMs, 0]
    const behindMs = nowMs() - sentMs()
    const untilMs = sentMs() + Math.min(maxAtOnceMs, behindMs)
    // A piece at a time, each with what the board did then.
    const pieces: Uint8Array[] = []
    for (const perStep = Math.round(pieceMs / ppk2StepMs); sentMs() + pieceMs <= untilMs; sentPieces++) {
      running = isRunning(sentMs())
      powerW = (1000 * energyJ(sentMs(), sentMs() + pieceMs)) / pieceMs
      pieces.push(meter.advance(perStep))
    }
    // At once: how late bytes are on their way is known by the last of them.
    send(concatBytes(pieces))
    if (behindMs > maxAtOnceMs) next = setImmediate(advance)
  }
  // While it catches up turn by turn, the timer would add a stretch to every turn for each time it fires.
  const timer = setInterval(() => void (next ?? advance()), tickMs)
  return {
    async write(bytes) {
      const reply = meter.receive(bytes)
      setImmediate(() => send(reply))
    },
    onData(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onClose: () => () => undefined,
    // What it has sent was measured up to here: by the clock itself it would seem late on a busy computer.
    measuredMs: sentMs,
    async caughtUp() {
      for (const untilMs = nowMs(); isOpen && sentMs() + pieceMs <= untilMs;) await pause(tickMs)
    },
    async close() {
      isOpen = false
      clearInterval(timer)
      clearImmediate(next)
      listeners.clear()
    }
  }
}
