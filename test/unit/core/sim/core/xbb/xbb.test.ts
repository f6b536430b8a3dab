import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { rtlCore } from '@core/sim/boards/rtlCore'
import { decode } from '@core/sim/core/decode'
import { op } from '@core/sim/core/operations'
import { dotProduct } from '@core/sim/core/xbb/dot'
import {
  dotFunctionBits,
  isXbbInstruction,
  readDotFormat,
  xbbFunct3,
  xbbWidths,
  xbbWord,
  type XbbWidth
} from '@core/sim/core/xbb/format'
import { greaterBytes } from '@core/sim/core/xbb/byteMax'
import { packCodes } from '@core/sim/core/xbb/pack'
import { quantizedCode, quantizeOnTop } from '@core/sim/core/xbb/quant'
import { createRandom } from '@core/math/random'
import { engines, load, runProgram } from '../../testMachine'

const formatOf = (width1: XbbWidth, width2: XbbWidth, part = 0, signed1 = true, signed2 = true): number =>
  dotFunctionBits({ width1, width2, signed1, signed2, part })

describe('dot product', () => {
  it('multiplies four bytes, signed and unsigned', () => {
    // 1*5 + 2*6 + 3*7 + (-4)*8 = 5 + 12 + 21 - 32
    expect(dotProduct(formatOf(8, 8), 0xfc030201 | 0, 0x08070605)).toBe(6)
    // The same with 252 in place of -4: 5 + 12 + 21 + 2016
    expect(dotProduct(formatOf(8, 8, 0, false, false), 0xfc030201 | 0, 0x08070605)).toBe(2054)
    // 4 * 255 * -128
    expect(dotProduct(formatOf(8, 8, 0, false, true), -1, 0x80808080 | 0)).toBe(-130560)
  })

  it('multiplies eight nibbles, sixteen pairs of bits and 32 bits', () => {
    // Eight times -8 * -8, and eight times 15 * 15.
    expect(dotProduct(formatOf(4, 4), 0x88888888 | 0, 0x88888888 | 0)).toBe(512)
    expect(dotProduct(formatOf(4, 4, 0, false, false), -1, -1)).toBe(1800)
    // Sixteen times -2 * 1, and of -2 * 3.
    expect(dotProduct(formatOf(2, 2), 0xaaaaaaaa | 0, 0x55555555)).toBe(-32)
    expect(dotProduct(formatOf(2, 2, 0, true, false), 0xaaaaaaaa | 0, -1)).toBe(-96)
    // Bits as -1 and 1: all equal, all different, and one in 32 different.
    expect(dotProduct(formatOf(1, 1), 0x12345678, 0x12345678)).toBe(32)
    expect(dotProduct(formatOf(1, 1), 0x12345678, ~0x12345678)).toBe(-32)
    expect(dotProduct(formatOf(1, 1), 0, 1)).toBe(30)
    // Bits as 0 and 1: the ones in common.
    expect(dotProduct(formatOf(1, 1, 0, false, false), 0xf0f0, 0xff00)).toBe(4)
  })

  it('takes the part of the narrower operand that is named', () => {
    // Bytes 1, 2, 3, 4 by the upper four nibbles 1, 2, 3, -1 and by the lower four, all 2.
    expect(dotProduct(formatOf(8, 4, 1), 0x04030201, 0xf3212222 | 0)).toBe(1 + 4 + 9 - 4)
    expect(dotProduct(formatOf(8, 4, 0), 0x04030201, 0xf3212222 | 0)).toBe(2 + 4 + 6 + 8)
    // Nibbles of the last eighth of the bits; 1010 from the lowest on is -1, 1, -1, 1.
    expect(dotProduct(formatOf(1, 8, 7), 0xa0000000 | 0, 0x04030201)).toBe(-1 + 2 - 3 + 4)
    expect(dotProduct(formatOf(4, 1, 3), 0x77777777, 0x0fffffff)).toBe(4 * 7 - 4 * 7)
  })

  it('equals a sum over decoded codes for all formats', () => {
    const random = createRandom(18)
    const codes = (word: number, width: number, signed: boolean): number[] =>
      Array.from({ length: 32 / width }, (_, index) => {
        const bits = (BigInt(word >>> 0) >> BigInt(index * width)) & ((1n << BigInt(width)) - 1n)
        if (!signed) return Number(bits)
        return width === 1 ? Number(bits) * 2 - 1 : Number(BigInt.asIntN(width, bits))
      })
    let checked = 0
    for (let functionBits = 0; functionBits < 1024; functionBits++) {
      if ((functionBits & 4) !== 0 || !isXbbInstruction(functionBits)) continue
      const { width1, width2, signed1, signed2, part } = readDotFormat(functionBits)
      for (let trial = 0; trial < 4; trial++) {
        const [a, b] = [random.integer(2 ** 32) | 0, random.integer(2 ** 32) | 0]
        const lanes = Math.min(32 / width1, 32 / width2)
        const pick = (all: number[]): number[] =>
          all.length === lanes ? all : all.slice(part * lanes, (part + 1) * lanes)
        const left = pick(codes(a, width1, signed1))
        const right = pick(codes(b, width2, signed2))
        expect(dotProduct(functionBits, a, b)).toBe(
          left.reduce((sum, code, index) => sum + code * right[index]!, 0)
        )
        checked++
      }
    }
    // 4 pairs of equal width, 6 of 2, 4 of 4 and 2 of 8 parts; four signs each; four trials.
    expect(checked).toBe((4 + 6 * 2 + 4 * 4 + 2 * 8) * 4 * 4)
  })
})

describe('pack', () => {
  it('puts four codes on top of those before', () => {
    const nibbles = 2 << 3
    // Codes 1, -2, 7, -8 as nibbles 1, e, 7, 8.
    expect(packCodes(nibbles, 0xf807fe01 | 0, 0x12345678) >>> 0).toBe(0x87e11234)
    // Two bits: 1, -2, 0, -1 as 01, 10, 00, 11.
    expect(packCodes(1 << 3, 0xff00fe01 | 0, 0) >>> 0).toBe(0b11001001 * 2 ** 24)
    // One bit: above zero is 1; 1, -1, -1, 1.
    expect(packCodes(0, 0x01ffff01, -1) >>> 0).toBe(0x9fffffff)
  })
})

/** rs2 of quant. */
const formatWord = (
  mult: number,
  shift: number,
  width: XbbWidth,
  flags: { unsigned?: boolean; relu?: boolean } = {}
): number =>
  mult |
  ((shift & 63) << 21) |
  (xbbWidths.indexOf(width) << 27) |
  (flags.unsigned ? 1 << 29 : 0) |
  (flags.relu ? 1 << 30 : 0)

/** The code by docs/arithmetic.md, in whole numbers of any size. */
function requantised(
  sum: bigint,
  {
    mult,
    shift,
    width,
    unsigned,
    relu
  }: { mult: number; shift: number; width: XbbWidth; unsigned: boolean; relu: boolean }
): number {
  let r = (sum * BigInt(mult) + 2n ** BigInt(shift - 1)) >> BigInt(shift)
  if (relu && r < 0n) r = 0n
  const top = 2n ** BigInt(width - 1)
  const zero = unsigned ? top : 0n
  if (width === 1) return r > 256n * zero ? 1 : -1
  const q = r - zero
  return Number(q < -top ? -top : q > top - 1n ? top - 1n : q)
}

describe('quant', () => {
  const one = 1 << 20
  it('rounds half up and stays within the codes of the width', () => {
    // 2^20 / 2^21: halves.
    expect([-3, -2, -1, 0, 1, 2, 3].map((sum) => quantizedCode(sum, formatWord(one, 21, 8)))).toEqual([
      -1, -1, 0, 0, 1, 1, 2
    ])
    expect([-300, 300].map((sum) => quantizedCode(sum, formatWord(one, 20, 8)))).toEqual([-128, 127])
    expect([-9, -8, 7, 8].map((sum) => quantizedCode(sum, formatWord(one, 20, 4)))).toEqual([-8, -8, 7, 7])
    expect([-9, -1, 9].map((sum) => quantizedCode(sum, formatWord(one, 20, 4, { relu: true })))).toEqual([
      0, 0, 7
    ])
    // From real zero on: 0 to 3 as -2 to 1, 0 to 255 as -128 to 127.
    expect(
      [-5, 0, 1, 3, 4].map((sum) => quantizedCode(sum, formatWord(one, 20, 2, { unsigned: true })))
    ).toEqual([-2, -2, -1, 1, 1])
    expect(
      [-1, 255, 256].map((sum) => quantizedCode(sum, formatWord(one, 20, 8, { unsigned: true })))
    ).toEqual([-128, 127, 127])
    // One bit: above 0, or above 256 of 1/256.
    expect([0, 1].map((sum) => quantizedCode(sum, formatWord(one, 20, 1)))).toEqual([-1, 1])
    expect([256, 257].map((sum) => quantizedCode(sum, formatWord(one, 20, 1, { unsigned: true })))).toEqual([
      -1, 1
    ])
    // A shift of 0 counts as 64.
    expect([-(2 ** 31), 2 ** 31 - 1].map((sum) => quantizedCode(sum, formatWord(2 * one - 1, 0, 8)))).toEqual(
      [0, 0]
    )
  })

  it('is the Requantise of docs/arithmetic.md for random sums, shifts and formats', () => {
    const random = createRandom(181)
    for (let trial = 0; trial < 20_000; trial++) {
      const sum = random.integer(2 ** 32) >> random.integer(32)
      const [mult, shift] = [random.integer(2 ** 21), 1 + random.integer(63)]
      const width = xbbWidths[random.integer(4)]!
      const [unsigned, relu] = [random.integer(2) === 1, random.integer(2) === 1]
      const expected = requantised(BigInt(sum), { mult, shift, width, unsigned, relu })
      expect(quantizedCode(sum, formatWord(mult, shift, width, { unsigned, relu }))).toBe(expected)
    }
  })

  it('is so at the ends of sums, multipliers and shifts, whatever bit 31 of the format is', () => {
    const flags = [false, true].flatMap((unsigned) => [false, true].map((relu) => ({ unsigned, relu })))
    for (const sum of [-(2 ** 31), 1 - 2 ** 31, -1, 0, 1, 2 ** 31 - 1])
      for (const mult of [0, 1, one, 2 * one - 1])
        for (const shift of [1, 2, 31, 32, 33, 51, 63, 64])
          for (const width of xbbWidths)
            for (const flag of flags) {
              const expected = requantised(BigInt(sum), { mult, shift, width, ...flag })
              const format = formatWord(mult, shift, width, flag)
              expect(quantizedCode(sum, format)).toBe(expected)
              expect(quantizedCode(sum, format | (1 << 31))).toBe(expected)
            }
  })

  it('puts the code on top of a word that moves down by a byte', () => {
    expect(quantizeOnTop(0x44332211, -2, formatWord(one, 20, 8)) >>> 0).toBe(0xfe443322)
  })
})

describe('max', () => {
  it('takes the greater of signed bytes', () => {
    expect(greaterBytes(0x7f80ff01 | 0, 0x80ff0002 | 0) >>> 0).toBe(0x7fff0002)
  })
})

describe('decoding', () => {
  const core = { xbb: true, plain: true }
  it('reads the registers and the ten function bits', () => {
    const functionBits = formatOf(8, 2, 3, false, true)
    expect(decode(xbbWord(functionBits, 10, 11, 12), 0, false, core)).toMatchObject({
      operation: op.dot,
      rd: 10,
      rs1: 11,
      rs2: 12,
      immediate: functionBits
    })
    // The word that docs/isa.md spells out: four bytes by four bytes, a0 += a1 . a2
    expect(xbbWord(formatOf(8, 8), 10, 11, 12)).toBe(0x1ec5850b)
  })

  it('reads the examples of docs/isa.md as what they say', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../../../../../docs/isa.md'), 'utf8')
    const examples = [...text.matchAll(/\.insn r CUSTOM_0, (\d+), (\d+),/g)].map(
      ([, funct3, funct7]) => (Number(funct7) << 3) | Number(funct3)
    )
    // Bytes by bytes; bytes by the lower and by the upper four nibbles of a word.
    expect(examples).toEqual([formatOf(8, 8), formatOf(8, 4, 0), formatOf(8, 4, 1)])
    expect(examples.every(isXbbInstruction)).toBe(true)
  })

  it('knows neither parts beyond the last, nor packs of bytes, nor anything without the extension', () => {
    for (const [width1, width2, part] of [
      [8, 8, 1],
      [8, 4, 2],
      [1, 4, 4],
      [1, 2, 2]
    ] as const)
      expect(decode(xbbWord(formatOf(width1, width2, part), 1, 2, 3), 0, false, core).operation).toBe(
        op.illegal
      )
    expect(decode(xbbWord((3 << 3) | 4, 1, 2, 3), 0, false, core).operation).toBe(op.illegal)
    for (const functionBits of [7, (1 << 3) | 5, (1 << 3) | 6])
      expect(decode(xbbWord(functionBits, 1, 2, 3), 0, false, core).operation).toBe(op.illegal)
    expect(decode(xbbWord(0, 1, 2, 3), 0, false).operation).toBe(op.illegal)
    expect(xbbWidths).toEqual([1, 2, 4, 8])
  })

  it('on a bus without rd makes sums and codes that stand alone', () => {
    const bus = { xbb: 'cfu', plain: true } as const
    expect(decode(xbbWord(formatOf(8, 8), 1, 2, 3), 0, false, bus).operation).toBe(op.dotAlone)
    expect(decode(xbbWord(xbbFunct3.quant, 1, 2, 3), 0, false, bus).operation).toBe(op.quantAlone)
    expect(decode(xbbWord(xbbFunct3.max, 1, 2, 3), 0, false, bus).operation).toBe(op.byteMax)
  })

  it('of a plain core knows no compressed and no atomic instruction', () => {
    expect(decode(0x4505, 0, false, core).operation).toBe(op.illegal)
    expect(decode(0x1005252f, 0, false, core).operation).toBe(op.illegal)
  })
})

describe.each(engines)('%s', (engine) => {
  const dot = `.word ${xbbWord(formatOf(8, 8), 10, 11, 12)}`
  const board = rtlCore(true)

  it('accumulates in a loop, into x0 nothing, and packs', () => {
    const machine = runProgram(
      `li a0, 5\n li a1, 0x04030201\n li a2, 0x01010101\n li a3, 100\n
      loop: ${dot}\n .word ${xbbWord(formatOf(8, 8), 0, 11, 12)}\n addi a3, a3, -1\n bnez a3, loop\n
      .word ${xbbWord((2 << 3) | 4, 14, 11, 11)}\n li a7, 0x03b00000\n .word ${xbbWord(5, 15, 11, 17)}\n .word ${xbbWord(6, 16, 11, 12)}`,
      { board, engine }
    )
    const x = machine.registers()
    // 5 + 100 * (1 + 2 + 3 + 4)
    expect(x[10]).toBe(1005)
    expect(x[0]).toBe(0)
    expect(x[14]).toBe(0x43210403)
    // 0x04030201 times 2^20, down by 29 (29 << 21 | 1 << 20 is 0x03b00000): 131,457 half up, and one bit says above zero.
    expect(x[15]! >>> 24).toBe(1)
    expect(x[16]).toBe(0x04030201)
  })

  it('adds nothing and keeps nothing on a bus without rd', () => {
    const machine = runProgram(
      `li a0, 5\n li a1, 0x04030201\n li a2, 0x01010101\n li a3, 0x03b00000\n li a4, -1\n
      ${dot}\n .word ${xbbWord(xbbFunct3.quant, 14, 11, 13)}`,
      { board: { ...board, xbb: 'cfu' }, engine }
    )
    const x = machine.registers()
    expect([x[10], x[14]]).toEqual([10, 0x01000000])
  })

  it('counts the cycles of docs/rtl.md', () => {
    const cyclesOf = (body: string): number => {
      const source = `li a0, 0x80000100\n li a1, 3\n csrr s0, mcycle\n ${body}\n csrr s1, mcycle\n sub s1, s1, s0\n`
      return runProgram(source, { board, engine, cycleModel: true }).registers()[9]! - 1
    }
    expect(cyclesOf('nop\n nop')).toBe(2)
    // Accumulating again needs no wait; reading the sum does.
    expect(cyclesOf(`${dot}\n ${dot}\n nop`)).toBe(3)
    expect(cyclesOf(`${dot}\n addi a3, a0, 1`)).toBe(3)
    expect(cyclesOf('mul a3, a1, a1\n add a3, a3, a1')).toBe(3)
    const quant = `.word ${xbbWord(5, 10, 11, 12)}`
    // One code on top of the other needs no wait; reading the word does. The greater of bytes is there at once.
    expect(cyclesOf(`${quant}\n ${quant}\n nop`)).toBe(3)
    expect(cyclesOf(`${quant}\n addi a3, a0, 1`)).toBe(3)
    expect(cyclesOf(`.word ${xbbWord(6, 13, 11, 12)}\n addi a3, a3, 1`)).toBe(2)
    expect(cyclesOf('lw a3, 0(a0)\n addi a3, a3, 1')).toBe(3)
    expect(cyclesOf('sw a1, 0(a0)')).toBe(2)
    expect(cyclesOf('div a3, a0, a1')).toBe(34)
    // Taken twice at 2, not taken once, three subtractions.
    expect(cyclesOf('back: addi a1, a1, -1\n bnez a1, back')).toBe(3 + 2 * 2 + 1)
  })

  it('traps on what the core does not have', () => {
    const trapOf = (body: string): unknown => {
      const machine = load(`la t0, end\n csrw mtvec, t0\n li a0, 0x80000101\n ${body}\n end: j end`, {
        board,
        engine
      })
      machine.run(50)
      return machine.lastTrap?.cause
    }
    expect(trapOf('lw a1, 0(a0)')).toBe(4)
    expect(trapOf('sh a1, 0(a0)')).toBe(6)
    expect(trapOf('lb a1, 0(a0)')).toBeUndefined()
    expect(trapOf('.word 0x1005252f')).toBe(2)
  })
})
