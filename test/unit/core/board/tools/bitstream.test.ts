import { describe, expect, it } from 'vitest'
import { fitsDevice, inspectBitstream } from '@core/board/tools/bitstream'
import { writeElf } from '@core/board/tools/elfFile'
import { createTextLines } from '@core/text/lines'
import { parseElf } from '@core/binary/elf'
import { makeBitFile } from '../../../../support/jtag/bitFile'

describe('bitstream files', () => {
  it('a Xilinx file tells its part', () => {
    expect(inspectBitstream('top.bit', makeBitFile('7a35tcsg324', 10))).toMatchObject({
      format: 'bit',
      part: '7a35tcsg324'
    })
  })

  it('a damaged head tells no part, and other formats tell none', () => {
    expect(inspectBitstream('top.bit', makeBitFile('7a35tcsg324', 10).slice(0, 20)).part).toBeNull()
    expect(inspectBitstream('top.bit', new Uint8Array(100).fill(0x61)).part).toBeNull()
    expect(inspectBitstream('top.fs', new Uint8Array(10)).part).toBeNull()
  })

  it.each([
    ['top.bit', new Uint8Array(0), 'is empty'],
    ['top.bit', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1), 'is a program (ELF)'],
    ['top.v', new Uint8Array(10), 'does not end like a bitstream'],
    ['top', new Uint8Array(10), 'does not end like a bitstream']
  ])('%s is refused: it %s', (name, bytes, reason) => {
    expect(() => inspectBitstream(name, bytes)).toThrow(
      expect.objectContaining({ code: 'input.invalid', message: expect.stringContaining(reason) })
    )
  })

  it.each([
    ['7a35tcsg324', 'xc7a35', true],
    ['7a100tcsg324', 'xc7a35', false],
    ['7z020clg400', 'xc7z020', true],
    ['7k325tffg900', 'xc7a100', false],
    ['7a35tcsg324', 'GW1NR-9C', null],
    ['LFE5U-25F', 'LFE5U-25', null]
  ])('%s on %s: %s', (part, model, fits) => {
    expect(fitsDevice(part, model)).toBe(fits)
  })
})

describe('ELF wrapper', () => {
  it('what is written is read back: addresses, bytes, entry', () => {
    const segments = [
      { address: 0x8000_0000, bytes: Uint8Array.of(1, 2, 3) },
      { address: 0x8001_0000, bytes: new Uint8Array(1000).fill(9) }
    ]
    const { entry, segments: read } = parseElf(writeElf(segments, 0x8000_0002))
    expect(entry).toBe(0x8000_0002)
    expect(
      read.map(({ address, data, memoryBytes }) => ({ address, bytes: data.slice(), memoryBytes }))
    ).toEqual(segments.map((segment) => ({ ...segment, memoryBytes: segment.bytes.length })))
  })
})

describe('lines of output', () => {
  it('newline, return and both end a line; the rest waits', () => {
    const lines = createTextLines({ maxLength: 16_384, carriageReturnEnds: true })
    expect(lines.push('a\r\nb\rc')).toEqual(['a', 'b'])
    expect(lines.push('d\n\n')).toEqual(['cd', ''])
    expect(lines.push('tail')).toEqual([])
    expect(lines.rest()).toBe('tail')
  })

  it('a line without an end does not fill the memory', () => {
    const lines = createTextLines({ maxLength: 16_384, carriageReturnEnds: true })
    for (let piece = 0; piece < 100; piece++) lines.push('x'.repeat(1_000))
    expect(lines.rest().length).toBeLessThanOrEqual(16_384)
  })
})
