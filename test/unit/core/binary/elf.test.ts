import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { parseElf } from '@core/binary/elf'
import { load, register } from '../sim/testMachine'

/** A minimal ELF32 executable: one segment at 0x80000000 with two instructions and four bytes of bss, one symbol. */
function makeElf(): Uint8Array {
  const bytes = new Uint8Array(52 + 32 + 8 + 3 * 40 + 32 + 8)
  const view = new DataView(bytes.buffer)
  const code = 84
  const sections = code + 8
  const symbols = sections + 120
  const strings = symbols + 32
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, 243, true)
  view.setUint32(24, 0x80000004, true)
  view.setUint32(28, 52, true)
  view.setUint32(32, sections, true)
  view.setUint16(42, 32, true)
  view.setUint16(44, 1, true)
  view.setUint16(46, 40, true)
  view.setUint16(48, 3, true)
  const words = [1, code, 0x80000000, 0x80000000, 8, 12, 5, 4]
  words.forEach((word, index) => view.setUint32(52 + 4 * index, word, true))
  view.setUint32(code, 0x00100513, true) // addi a0, x0, 1
  view.setUint32(code + 4, 0x00250513, true) // addi a0, a0, 2
  const section = (index: number, type: number, offset: number, size: number, link: number): void => {
    const at = sections + 40 * index
    view.setUint32(at + 4, type, true)
    view.setUint32(at + 16, offset, true)
    view.setUint32(at + 20, size, true)
    view.setUint32(at + 24, link, true)
  }
  section(1, 2, symbols, 32, 2)
  section(2, 3, strings, 8, 0)
  view.setUint32(symbols + 16, 1, true)
  view.setUint32(symbols + 20, 0x80000004, true)
  bytes.set([0, 0x73, 0x74, 0x61, 0x72, 0x74], strings) // "\0start"
  return bytes
}

const changed = (change: (view: DataView) => void): Uint8Array => {
  const bytes = makeElf()
  change(new DataView(bytes.buffer))
  return bytes
}

describe('ELF reader', () => {
  it('gives entry, segments and symbols', () => {
    const { entry, segments, symbols } = parseElf(makeElf())
    expect(entry).toBe(0x80000004)
    expect(segments).toHaveLength(1)
    expect(segments[0]).toMatchObject({ address: 0x80000000, memoryBytes: 12 })
    expect(segments[0].data).toHaveLength(8)
    expect(symbols.get('start')).toBe(0x80000004)
  })

  it('boots: entry, bss zeroed, segments restored by reset', () => {
    const machine = load('')
    machine.loadBinary(0x80000008, Uint8Array.of(1, 2, 3, 4))
    machine.loadElf(makeElf())
    machine.run(1)
    expect(machine.registers()[register.a0]).toBe(2)
    expect(machine.readMemory(0x80000008, 4)).toEqual(new Uint8Array(4))
    machine.loadBinary(0x80000004, new Uint8Array(4))
    machine.reset()
    machine.run(1)
    expect(machine.registers()[register.a0]).toBe(2)
  })

  it.each([
    ['an empty file', new Uint8Array(0), /not an ELF/],
    ['text', new TextEncoder().encode('#!/bin/sh\n'.repeat(10)), /not an ELF/],
    ['64 bits', changed((view) => view.setUint8(4, 2)), /64-bit/],
    ['big-endian', changed((view) => view.setUint8(5, 2)), /big-endian/],
    ['another machine', changed((view) => view.setUint16(18, 62, true)), /machine 62/],
    ['an object file', changed((view) => view.setUint16(16, 1, true)), /not a linked executable/],
    ['no program headers', changed((view) => view.setUint16(44, 0, true)), /no program headers/],
    ['a header table beyond the end', changed((view) => view.setUint32(28, 10_000, true)), /cut short/],
    ['a segment beyond the end', changed((view) => view.setUint32(68, 10_000, true)), /cut short/],
    ['no loadable segment', changed((view) => view.setUint32(52, 4, true)), /no loadable segment/]
  ])('refuses %s', (_name, bytes, message) => {
    let caught: unknown
    try {
      parseElf(bytes)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(AppError)
    expect((caught as AppError).code).toBe('input.invalid')
    expect((caught as AppError).message).toMatch(message)
    expect((caught as AppError).hint.length).toBeGreaterThan(10)
  })

  it('refuses a segment outside RAM and leaves the machine as it was', () => {
    const machine = load('li a0, 7')
    const elsewhere = changed((view) => view.setUint32(64, 0x20000000, true))
    expect(() => machine.loadElf(elsewhere)).toThrow(/outside the board's RAM/)
    machine.run(2)
    expect(machine.registers()[register.a0]).toBe(7)
  })
})
