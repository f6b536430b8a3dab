import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { assemble } from '../../support/assembler'
import { compressedWords, fullWords } from '../../unit/core/sim/core/goldenWords'

const wordOf = (text: string): number =>
  new DataView(assemble(text, 0x80000000).bytes.buffer).getUint32(0, true)

describe('assembler', () => {
  it.each(fullWords)('encodes %s', (text, word) => {
    expect(wordOf(text)).toBe(word)
  })

  it('resolves labels forwards and backwards', () => {
    const { bytes, labels } = assemble('start: beq a0, a1, end\n j start\nend: nop', 0x80000000)
    expect(bytes.length).toBe(12)
    expect(labels.get('end')).toBe(0x80000008)
    expect([...new Uint32Array(bytes.buffer)]).toEqual([0x00b50463, 0xffdff06f, 0x00000013])
  })

  it.each([
    ['frobnicate a0', /unknown instruction "frobnicate"/],
    ['addi a0, a1, 2048', /2048 is outside/],
    ['add a0, a1, q7', /"q7" is not a register/],
    ['j nowhere', /"nowhere" is neither/],
    ['lw a0, a1', /is not offset\(register\)/],
    ['beq a0, a1, .+4096', /out of reach/]
  ])('refuses "%s" and names the line', (text, message) => {
    let caught: unknown
    try {
      assemble(`nop\n${text}`, 0)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(AppError)
    expect((caught as AppError).code).toBe('input.invalid')
    expect((caught as AppError).message).toMatch(message)
    expect((caught as AppError).message).toMatch(/^Line 2:/)
    expect((caught as AppError).hint).not.toBe('')
  })
})

const hasGnuAssembler = spawnSync('riscv64-unknown-elf-as', ['--version']).status === 0

describe('golden words', () => {
  it.skipIf(!hasGnuAssembler)('are what GNU as makes of the same text (needs riscv64-unknown-elf-as)', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-golden-'))
    try {
      // Each line in its own section, so that "." is a multiple of four and nothing is relaxed across lines.
      const full = fullWords.map(([text]) => `.option norvc\n.balign 4\n${text}`)
      const compressed = compressedWords.map(([text]) => `.option rvc\n.balign 4, 0\n${text}`)
      writeFileSync(
        path.join(folder, 'a.s'),
        `.option norelax\n${[...full, ...compressed].join('\n')}\n.balign 4\n`
      )
      const file = (name: string): string => path.join(folder, name)
      const march = '-march=rv32imac_zicsr_zifencei_zbb'
      execFileSync('riscv64-unknown-elf-as', [march, '-mabi=ilp32', file('a.s'), '-o', file('a.o')])
      execFileSync('riscv64-unknown-elf-objcopy', ['-O', 'binary', '-j', '.text', file('a.o'), file('a.bin')])
      const bytes = readFileSync(file('a.bin'))
      fullWords.forEach(([text, word], index) =>
        expect([text, bytes.readUInt32LE(index * 4)]).toEqual([text, word])
      )
      compressedWords.forEach(([text, half], index) => {
        expect([text, bytes.readUInt16LE((fullWords.length + index) * 4)]).toEqual([text, half])
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
