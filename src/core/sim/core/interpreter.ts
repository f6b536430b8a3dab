import * as arithmetic from './arithmetic'
import { granuleShift } from './decodedCode'
import { freshFunction } from './copyFunction'
import type { Hart } from './hart'

/** Runs up to `limit` instructions from hart.pc; see Interpreter.run. */
export interface Interpreter {
  /**
   * Executes at most `limit` (< 2^20) instructions and stops early in front of one that only executeSlow can do.
   * With `stopAtJumps` it also stops after a taken jump or branch. Returns how many were executed; hart's pc, registers,
   * instret, cycles and instructionPj are up to date.
   */
  run(limit: number, stopAtJumps: boolean): number
}

/**
 * An interpreter for one hart.
 *
 * Each hart gets a copy of its own, made from the function's source text, which doubles the speed (freshFunction.ts
 * says why); where that is forbidden (content security policy) or the text does not stand alone (instrumented for
 * coverage), the function itself serves.
 */
export function createInterpreter(hart: Hart): Interpreter {
  try {
    const copy = freshFunction('', `return (${buildInterpreter.toString()})`)(null) as typeof buildInterpreter
    return copy(hart, arithmetic, granuleShift)
  } catch {
    return buildInterpreter(hart, arithmetic, granuleShift)
  }
}

/**
 * The interpreter: one switch over decoded instructions in typed arrays. Case labels are the numbers of `op`, written
 * as literals because V8 makes a jump table only of those; a test compares the two.
 *
 * Each case leaves the block `sequential` when execution goes on with the next instruction and leaves the switch when
 * it goes to `target`. The function uses nothing but its arguments, because its source text is copied.
 */
// eslint-disable-next-line max-lines-per-function -- one loop; its source text is copied
function buildInterpreter(hart: Hart, operations: typeof arithmetic, granule: number): Interpreter {
  const {
    countOnes,
    countTrailingZeros,
    divide,
    divideUnsigned,
    dotProduct,
    greaterBytes,
    multiplyHigh,
    multiplyHighSignedUnsigned,
    multiplyHighUnsigned,
    orCombineBytes,
    packCodes,
    quantizeOnTop,
    remainder,
    remainderUnsigned,
    reverseBytes,
    rotateRight
  } = operations
  const { x, code, words, halves, signedHalves, bytes, signedBytes, ramBase, outsideRam } = hart
  const { operation, fields, immediate, cost, energy, granules } = code
  const badHalf = outsideRam | 1
  const badWord = outsideRam | 3
  // The static cost of a branch is that of not taking it; taking it adds the difference.
  const { takenForward, takenBackward, shiftCycles, misalignedTarget } = hart

  const { instructionCache, dataCache } = hart
  const fetchTags = instructionCache === null ? null : instructionCache.tags
  const fetchShift = instructionCache === null ? 0 : instructionCache.lineShift
  const fetchSets = instructionCache === null ? 0 : instructionCache.setMask
  const fetchWays = instructionCache === null ? 0 : instructionCache.wayShift
  const dataTags = dataCache === null ? null : dataCache.tags
  const storeTags = hart.storesAllocate ? dataTags : null
  const dataShift = dataCache === null ? 0 : dataCache.lineShift
  const dataSets = dataCache === null ? 0 : dataCache.setMask
  const dataWays = dataCache === null ? 0 : dataCache.wayShift

  return { run }

  // eslint-disable-next-line max-lines-per-function -- one switch over all operations
  function run(limit: number, stopAtJumps: boolean): number {
    let pc = hart.pc
    let fetchLine = hart.fetchLine
    let left = limit
    let cycles = 0
    let energyPj = 0
    let target = 0
    let a = 0
    let t = 0

    if ((pc & outsideRam) !== 0) return 0
    loop: while (left > 0) {
      const i = pc >> 1
      if (fetchTags !== null && (t = pc >> fetchShift) !== fetchLine && operation[i] !== 1 /* fetchFault */) {
        fetchLine = t
        if (fetchTags[(t & fetchSets) << fetchWays] >> 1 !== t) cycles += instructionCache!.access(t, 0)
      }
      const f = fields[i]
      sequential: {
        switch (operation[i]) {
          case 0: // undecoded
            code.decodeAt(i)
            continue loop
          case 3: // constant
            x[f & 63] = immediate[i]
            break sequential
          case 4: // addi
            x[f & 63] = x[(f >> 8) & 31] + immediate[i]
            break sequential
          case 5: // slti
            x[f & 63] = x[(f >> 8) & 31] < immediate[i] ? 1 : 0
            break sequential
          case 6: // sltiu
            x[f & 63] = x[(f >> 8) & 31] >>> 0 < immediate[i] >>> 0 ? 1 : 0
            break sequential
          case 7: // xori
            x[f & 63] = x[(f >> 8) & 31] ^ immediate[i]
            break sequential
          case 8: // ori
            x[f & 63] = x[(f >> 8) & 31] | immediate[i]
            break sequential
          case 9: // andi
            x[f & 63] = x[(f >> 8) & 31] & immediate[i]
            break sequential
          case 10: // slli
            x[f & 63] = x[(f >> 8) & 31] << immediate[i]
            break sequential
          case 11: // srli
            x[f & 63] = x[(f >> 8) & 31] >>> immediate[i]
            break sequential
          case 12: // srai
            x[f & 63] = x[(f >> 8) & 31] >> immediate[i]
            break sequential
          case 13: // add
            x[f & 63] = x[(f >> 8) & 31] + x[(f >> 16) & 31]
            break sequential
          case 14: // sub
            x[f & 63] = x[(f >> 8) & 31] - x[(f >> 16) & 31]
            break sequential
          case 15: // sll
            if (shiftCycles !== null) cycles += shiftCycles[x[(f >> 16) & 31] & 31]
            x[f & 63] = x[(f >> 8) & 31] << x[(f >> 16) & 31]
            break sequential
          case 16: // slt
            x[f & 63] = x[(f >> 8) & 31] < x[(f >> 16) & 31] ? 1 : 0
            break sequential
          case 17: // sltu
            x[f & 63] = x[(f >> 8) & 31] >>> 0 < x[(f >> 16) & 31] >>> 0 ? 1 : 0
            break sequential
          case 18: // xor
            x[f & 63] = x[(f >> 8) & 31] ^ x[(f >> 16) & 31]
            break sequential
          case 19: // srl
            if (shiftCycles !== null) cycles += shiftCycles[x[(f >> 16) & 31] & 31]
            x[f & 63] = x[(f >> 8) & 31] >>> x[(f >> 16) & 31]
            break sequential
          case 20: // sra
            if (shiftCycles !== null) cycles += shiftCycles[x[(f >> 16) & 31] & 31]
            x[f & 63] = x[(f >> 8) & 31] >> x[(f >> 16) & 31]
            break sequential
          case 21: // or
            x[f & 63] = x[(f >> 8) & 31] | x[(f >> 16) & 31]
            break sequential
          case 22: // and
            x[f & 63] = x[(f >> 8) & 31] & x[(f >> 16) & 31]
            break sequential
          case 23: // mul
            x[f & 63] = Math.imul(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 24: // mulh
            x[f & 63] = multiplyHigh(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 25: // mulhsu
            x[f & 63] = multiplyHighSignedUnsigned(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 26: // mulhu
            x[f & 63] = multiplyHighUnsigned(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 27: // div
            x[f & 63] = divide(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 28: // divu
            x[f & 63] = divideUnsigned(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 29: // rem
            x[f & 63] = remainder(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 30: // remu
            x[f & 63] = remainderUnsigned(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 31: // lb
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & outsideRam) !== 0) break loop
            x[f & 63] = signedBytes[a]
            if (
              dataTags !== null &&
              (dataTags[((t = a >> dataShift) & dataSets) << dataWays] | 1) !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 0)
            break sequential
          case 32: // lh
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & badHalf) !== 0) break loop
            x[f & 63] = signedHalves[a >> 1]
            if (
              dataTags !== null &&
              (dataTags[((t = a >> dataShift) & dataSets) << dataWays] | 1) !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 0)
            break sequential
          case 33: // lw
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & badWord) !== 0) break loop
            x[f & 63] = words[a >> 2]
            if (
              dataTags !== null &&
              (dataTags[((t = a >> dataShift) & dataSets) << dataWays] | 1) !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 0)
            break sequential
          case 34: // lbu
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & outsideRam) !== 0) break loop
            x[f & 63] = bytes[a]
            if (
              dataTags !== null &&
              (dataTags[((t = a >> dataShift) & dataSets) << dataWays] | 1) !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 0)
            break sequential
          case 35: // lhu
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & badHalf) !== 0) break loop
            x[f & 63] = halves[a >> 1]
            if (
              dataTags !== null &&
              (dataTags[((t = a >> dataShift) & dataSets) << dataWays] | 1) !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 0)
            break sequential
          case 36: // sb
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & outsideRam) !== 0 || granules[a >> granule] !== 0) break loop
            bytes[a] = x[(f >> 16) & 31]
            if (
              storeTags !== null &&
              storeTags[((t = a >> dataShift) & dataSets) << dataWays] !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 1)
            break sequential
          case 37: // sh
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & badHalf) !== 0 || granules[a >> granule] !== 0) break loop
            halves[a >> 1] = x[(f >> 16) & 31]
            if (
              storeTags !== null &&
              storeTags[((t = a >> dataShift) & dataSets) << dataWays] !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 1)
            break sequential
          case 38: // sw
            a = (x[(f >> 8) & 31] + immediate[i] - ramBase) | 0
            if ((a & badWord) !== 0 || granules[a >> granule] !== 0) break loop
            words[a >> 2] = x[(f >> 16) & 31]
            if (
              storeTags !== null &&
              storeTags[((t = a >> dataShift) & dataSets) << dataWays] !== ((t << 1) | 1)
            )
              cycles += dataCache!.access(t, 1)
            break sequential
          case 39: // beq
            if (x[(f >> 8) & 31] !== x[(f >> 16) & 31]) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 40: // bne
            if (x[(f >> 8) & 31] === x[(f >> 16) & 31]) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 41: // blt
            if (x[(f >> 8) & 31] >= x[(f >> 16) & 31]) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 42: // bge
            if (x[(f >> 8) & 31] < x[(f >> 16) & 31]) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 43: // bltu
            if (x[(f >> 8) & 31] >>> 0 >= x[(f >> 16) & 31] >>> 0) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 44: // bgeu
            if (x[(f >> 8) & 31] >>> 0 < x[(f >> 16) & 31] >>> 0) break sequential
            t = immediate[i]
            target = pc + t
            cycles += t < 0 ? takenBackward : takenForward
            break
          case 45: // jal
            target = pc + immediate[i]
            x[f & 63] = pc + (f >>> 24) + ramBase
            break
          case 46: // jalr
            target = (((x[(f >> 8) & 31] + immediate[i]) & ~1) - ramBase) | 0
            if ((target & misalignedTarget) !== 0) break loop
            x[f & 63] = pc + (f >>> 24) + ramBase
            break
          case 47: // fence
            break sequential
          case 48: // clz
            x[f & 63] = Math.clz32(x[(f >> 8) & 31])
            break sequential
          case 49: // ctz
            x[f & 63] = countTrailingZeros(x[(f >> 8) & 31])
            break sequential
          case 50: // cpop
            x[f & 63] = countOnes(x[(f >> 8) & 31])
            break sequential
          case 51: // min
            x[f & 63] = Math.min(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 52: // max
            x[f & 63] = Math.max(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 53: // minu
            x[f & 63] = Math.min(x[(f >> 8) & 31] >>> 0, x[(f >> 16) & 31] >>> 0)
            break sequential
          case 54: // maxu
            x[f & 63] = Math.max(x[(f >> 8) & 31] >>> 0, x[(f >> 16) & 31] >>> 0)
            break sequential
          case 55: // sextb
            x[f & 63] = (x[(f >> 8) & 31] << 24) >> 24
            break sequential
          case 56: // sexth
            x[f & 63] = (x[(f >> 8) & 31] << 16) >> 16
            break sequential
          case 57: // zexth
            x[f & 63] = x[(f >> 8) & 31] & 0xffff
            break sequential
          case 58: // andn
            x[f & 63] = x[(f >> 8) & 31] & ~x[(f >> 16) & 31]
            break sequential
          case 59: // orn
            x[f & 63] = x[(f >> 8) & 31] | ~x[(f >> 16) & 31]
            break sequential
          case 60: // xnor
            x[f & 63] = ~(x[(f >> 8) & 31] ^ x[(f >> 16) & 31])
            break sequential
          case 61: // rol
            if (shiftCycles !== null) cycles += shiftCycles[x[(f >> 16) & 31] & 31]
            x[f & 63] = rotateRight(x[(f >> 8) & 31], -x[(f >> 16) & 31])
            break sequential
          case 62: // ror
            if (shiftCycles !== null) cycles += shiftCycles[x[(f >> 16) & 31] & 31]
            x[f & 63] = rotateRight(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 63: // rori
            x[f & 63] = rotateRight(x[(f >> 8) & 31], immediate[i])
            break sequential
          case 64: // rev8
            x[f & 63] = reverseBytes(x[(f >> 8) & 31])
            break sequential
          case 65: // orcb
            x[f & 63] = orCombineBytes(x[(f >> 8) & 31])
            break sequential
          case 66: // dot
            x[f & 63] += dotProduct(immediate[i], x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 67: // pack
            x[f & 63] = packCodes(immediate[i], x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 68: // quant
            x[f & 63] = quantizeOnTop(x[f & 63], x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 69: // byteMax
            x[f & 63] = greaterBytes(x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 70: // dotAlone
            x[f & 63] = dotProduct(immediate[i], x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          case 71: // quantAlone
            x[f & 63] = quantizeOnTop(0, x[(f >> 8) & 31], x[(f >> 16) & 31])
            break sequential
          default:
            break loop
        }
        pc = target
        left--
        cycles += cost[i]
        energyPj += energy[i]
        if ((pc & outsideRam) !== 0 || stopAtJumps) break
        continue
      }
      pc += f >>> 24
      left--
      cycles += cost[i]
      energyPj += energy[i]
    }
    hart.pc = pc
    hart.fetchLine = fetchLine
    hart.cycles += cycles
    hart.instructionPj += energyPj
    hart.instret += limit - left
    return limit - left
  }
}
