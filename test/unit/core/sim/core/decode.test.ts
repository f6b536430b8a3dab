import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expandCompressed } from '@core/sim/core/compressed'
import { decode } from '@core/sim/core/decode'
import { op } from '@core/sim/core/operations'
import { compressedWords, fullWords } from './goldenWords'

const pc = 0x80001000

describe('compressed instructions', () => {
  it.each(compressedWords)('%s (%i) expands to %s', (_text, half, _fullText, word) => {
    expect(expandCompressed(half) >>> 0).toBe(word)
    expect(decode(half, pc, false)).toEqual({ ...decode(word, pc, false), lengthBytes: 2 })
  })

  it.each([
    ['all zeros', 0x0000],
    ['c.addi4spn with offset 0', 0x0008],
    ['c.lui with immediate 0', 0x6501],
    ['c.addi16sp with immediate 0', 0x6101],
    ['c.lwsp to x0', 0x4002],
    ['c.jr x0', 0x8002],
    ['c.srli with shift bit 5', 0x9105],
    ['c.slli with shift bit 5', 0x1506],
    ['c.fld', 0x2000],
    ['c.flw', 0x6000],
    ['c.fsdsp', 0xa002],
    ['c.subw', 0x9d0d]
  ])('%s is illegal and reports its bits', (_name, half) => {
    expect(decode(half, pc, true)).toMatchObject({ operation: op.illegal, immediate: half, lengthBytes: 2 })
  })
})

describe('full-length instructions', () => {
  it('every operation has a golden word', () => {
    const seen = new Set(fullWords.map(([, word]) => decode(word, pc, true).operation))
    const missing = Object.entries(op).filter(([, number]) => !seen.has(number))
    // li (constant) comes with lui; those of xbb: xbb/xbb.test.ts; the others are not instructions.
    expect(missing.map(([name]) => name).sort()).toEqual([
      'byteMax',
      'dot',
      'dotAlone',
      'fetchFault',
      'illegal',
      'misalignedJump',
      'pack',
      'quant',
      'quantAlone',
      'undecoded'
    ])
  })

  it.each(fullWords)('%s decodes to its name and operands', (text, word) => {
    const mnemonic = text.split(' ')[0]
    const alias: Record<string, string> = {
      lui: 'constant',
      auipc: 'constant',
      'lr.w': 'lr',
      'sc.w': 'sc',
      'fence.i': 'fencei'
    }
    const name = alias[mnemonic] ?? mnemonic.replace(/\.w$/, '').replace(/\./g, '')
    const decoded = decode(word, pc, true)
    expect(Object.entries(op).find(([, number]) => number === decoded.operation)?.[0]).toBe(name)
    expect(decoded.lengthBytes).toBe(4)
    const offset = /\.([+-]\d+)$/.exec(text)
    if (offset) expect(decoded.immediate).toBe(Number(offset[1]))
    const lastNumber = /, (-?(?:0x[0-9a-f]+|\d+))$/.exec(text)
    const isUpper = mnemonic === 'lui' || mnemonic === 'auipc'
    if (lastNumber && !isUpper && !mnemonic.startsWith('csr'))
      expect(decoded.immediate).toBe(Number(lastNumber[1]))
    const memory = /(-?\d+)\(/.exec(text)
    if (memory) expect(decoded.immediate).toBe(Number(memory[1]))
  })

  it('folds pc into auipc', () => {
    expect(decode(0xfffff997, pc, false)).toMatchObject({
      operation: op.constant,
      rd: 19,
      immediate: 0x80000000 | 0
    })
  })

  it.each([
    ['zbb instruction without zbb', 0x60251513, false],
    ['lr.w with rs2', 0x1015a52f, true],
    ['64-bit load', 0x00003503, true],
    ['addiw', 0x0005051b, true],
    ['sret', 0x10200073, true],
    ['slli with bit 25', 0x02051513, true],
    ['float load', 0x00002507, true],
    ['all ones', 0xffffffff, true]
  ])('%s is illegal', (_name, word, zbb) => {
    expect(decode(word, pc, zbb)).toMatchObject({ operation: op.illegal, immediate: word })
  })
})

describe('interpreter', () => {
  it('labels its cases with the numbers of the operations they are commented as', () => {
    const source = readFileSync('src/core/sim/core/interpreter.ts', 'utf8')
    const cases = [...source.matchAll(/case (\d+): \/\/ (\w+)/g)].map(([, number, name]) => [
      name,
      Number(number)
    ])
    const expected = Object.entries(op).filter(
      ([name, number]) => number < op.csrrw && name !== 'fetchFault' && name !== 'illegal'
    )
    expect(Object.fromEntries(cases)).toEqual(Object.fromEntries(expected))
  })
})
