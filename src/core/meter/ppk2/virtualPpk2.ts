import { asciiBytes } from '../../binary/bytes'
import { ppk2Opcodes, ppk2StepMs, ppk2VoltsPerCount } from './commands'
import { readPpk2Metadata, type Ppk2Range } from './calibration'

/** Calibration of the simulated meter; of every factor but UG the ranges have values that are not the nominal ones. */
const metadata = [
  'Calibrated: 1',
  ...[1003.35, 101.59, 10.3, 0.96, 0.056].map((r, at) => `R${at}: ${r}`),
  ...[1, 112.8, 18, 2.4, 0.073].map((gs, at) => `GS${at}: ${gs}`),
  ...[0.99, 0.97, 0.961, 0.952, 0.958].map((gi, at) => `GI${at}: ${gi}`),
  ...[112.9, 75.5, 64.6, 50.5, 87.2].map((o, at) => `O${at}: ${o}`),
  ...[0, 4.8e-8, 5.96e-7, 5.28e-6, 6.26e-5].map((s, at) => `S${at}: ${s.toFixed(9)}`),
  ...[-1.04e-7, -1.443e-6, 3.64e-5, -3.74e-4, -9.39e-3].map((i, at) => `I${at}: ${i.toFixed(9)}`),
  ...[1, 1, 1, 1, 1].map((ug, at) => `UG${at}: ${ug}`),
  'VDD: 3000',
  'HW: 0',
  'END\n'
].join('\n')

/** What the simulated meter sees. */
export interface Ppk2World {
  /** Current of the board at a time of the meter, A. */
  currentA(tMs: number): number
  /** Digital inputs, input 0 in bit 0. */
  bits(tMs: number): number
}

/** A simulated PPK2: bytes in, bytes out, time given from outside. */
export interface VirtualPpk2 {
  /** Takes bytes of the host and returns what it replies at once. */
  receive(bytes: Uint8Array): Uint8Array
  /** Advances its time; returns the words of that time, none while it is stopped. */
  advance(samples: number): Uint8Array
  readonly supplyMv: number
  readonly isRunning: boolean
}

/** Counts of the converter that a range is used up to. */
const fullCount = 14_000
/** Length of every command that has arguments. */
const argumentsOf: Readonly<Record<number, number>> = {
  [ppk2Opcodes.regulator]: 2,
  [ppk2Opcodes.powerMode]: 1,
  [ppk2Opcodes.deviceRunning]: 1
}

/** Returns a simulated meter in `world`. */
export function createVirtualPpk2(world: Ppk2World): VirtualPpk2 {
  const { ranges } = readPpk2Metadata(metadata)
  const state = { supplyMv: 3000, isRunning: false, at: 0, counter: 0 }
  let waiting: number[] = []
  const execute = (opcode: number, [first = 0, second = 0]: readonly number[]): string => {
    if (opcode === ppk2Opcodes.averageStart) Object.assign(state, { isRunning: true, counter: 0 })
    if (opcode === ppk2Opcodes.averageStop || opcode === ppk2Opcodes.reset) state.isRunning = false
    if (opcode === ppk2Opcodes.regulator) state.supplyMv = first * 256 + second
    return opcode === ppk2Opcodes.metadata ? metadata : ''
  }
  return {
    receive(bytes) {
      waiting.push(...bytes)
      let reply = ''
      while (waiting.length > 0) {
        const length = 1 + (argumentsOf[waiting[0]] ?? 0)
        if (waiting.length < length) break
        reply += execute(waiting[0], waiting.slice(1, length))
        waiting = waiting.slice(length)
      }
      return asciiBytes(reply)
    },
    advance(samples) {
      const from = state.at
      state.at += samples
      if (!state.isRunning) return new Uint8Array(0)
      const view = new DataView(new ArrayBuffer(4 * samples))
      for (let at = 0; at < samples; at++) {
        const tMs = (from + at) * ppk2StepMs
        const { range, count } = wordOf(world.currentA(tMs), ranges, state.supplyMv / 1000)
        const bits = world.bits(tMs) & 0xff
        const low = count | (range << 14) | ((state.counter & 0x3f) << 18)
        view.setUint32(4 * at, (low + bits * 2 ** 24) >>> 0, true)
        state.counter++
      }
      return new Uint8Array(view.buffer)
    },
    get supplyMv() {
      return state.supplyMv
    },
    get isRunning() {
      return state.isRunning
    }
  }
}

/** The most sensitive range that holds a current, and the count that stands for it there. */
function wordOf(
  currentA: number,
  ranges: readonly Ppk2Range[],
  supplyV: number
): { range: number; count: number } {
  for (const [range, { r, gs, gi, o, s, i, ug }] of ranges.entries()) {
    const wanted = currentA / ug - (s * supplyV + i)
    const v = gs === 0 ? wanted / gi : (-gi + Math.sqrt(Math.max(0, gi * gi + 4 * gs * wanted))) / (2 * gs)
    const count = Math.round(((v * r) / ppk2VoltsPerCount + o) / 4)
    if (count <= fullCount || range === ranges.length - 1) {
      return { range, count: Math.min(0x3fff, Math.max(0, count)) }
    }
  }
  return { range: 0, count: 0 }
}
