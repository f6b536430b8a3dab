import { describe, expect, it } from 'vitest'
import { wchKey, wchLoad, type WchOptions, wchRequest } from '@core/board/loaders/wch'
import { createRandom } from '@core/math/random'
import { AppError } from '@shared/errors'
import { type DialogueOutcome, runDialogue } from '../../../../support/dialogue'
import { WchRomModel } from '@core/sim/roms/wchRomModel'

const base = 0x0800_0000
const flash = { base, sizeBytes: 256 << 10 }
const hex = (bytes: readonly number[] | Uint8Array): string => Buffer.from(bytes).toString('hex')
const image = (length: number, seed = 1): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const load = (rom: WchRomModel, bytes: Uint8Array, more: Partial<WchOptions> = {}) =>
  runDialogue(
    wchLoad({
      segments: [{ address: base, bytes }],
      start: true,
      flash,
      promptTimeoutMs: 1_000,
      ...more
    }),
    rom
  )
const errorOf = ({ error }: DialogueOutcome<unknown>): AppError => {
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('the UART loader in the ROM of a CH32V307', () => {
  it('frames requests as published', () => {
    // 57 AB, command, length, data, sum without the 57 AB.
    expect(hex(wchRequest(0xa4, Uint8Array.of(8, 0, 0, 0)))).toBe('57ab' + 'a40400' + '08000000' + 'b0')
    expect(hex(wchRequest(0xa2, Uint8Array.of(1)))).toBe('57ab' + 'a20100' + '01' + 'a4')
    expect(hex(wchKey(Uint8Array.of(1, 2, 3, 0xff), 0x70))).toBe('05050505050505' + '75')
  })

  it.each([1, 56, 57, 256, 9_000, 30_001])('writes and verifies %i bytes, and resets', (length) => {
    const rom = new WchRomModel()
    const bytes = image(length)
    const { value, error } = load(rom, bytes)
    expect(error).toBeUndefined()
    expect(value).toEqual({ chip: 'CH32V30x 0x70', version: '2.60', loadedBytes: length, started: true })
    expect(hex(rom.flash.subarray(0, length))).toBe(hex(bytes))
    expect(rom.hasRestarted).toBe(true)
    expect(rom.counts).toEqual({ badSum: 0, dirtyWrites: 0 })
    // At least eight sectors of 1 KiB are erased, and none behind the image.
    expect(rom.flash[Math.max(8, Math.ceil(length / 1024)) * 1024]).toBe(0)
  })

  it('sends what the encoder of wchisp (main of 2026) sent to this model over a pty', () => {
    const rom = new WchRomModel()
    const bytes = [0x79, 0x1f, 0x7f, 0xff, 0, 1, 2, 3, 4, 5]
    // wchisp itself fills up to 1 KiB before this; its encoder was given the ten bytes alone.
    load(rom, Uint8Array.from([...bytes, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
    const observed = [
      '57aba1120000004d4355204953502026205743482e434eab',
      '57aba702001f00c8',
      '57aba4040008000000b0',
      `57aba31e00${'00'.repeat(30)}c1`,
      '57aba50f0000000000001a7c1c9c636261d06766c5',
      '57aba505000a00000000b4',
      `57aba31e00${'00'.repeat(30)}c1`,
      '57aba60f0000000000001a7c1c9c636261d06766c6',
      '57aba2010001a4'
    ]
    // The six bytes behind the ten, and where the empty block stands, are all that differs.
    const filled = (line: string): string => {
      const [, command, from, data] = /^57ab(a5|a6)(?:0f|05)00(..)00000000(.*)..$/.exec(line) ?? []
      if (command === undefined) return line
      const rest = data === '' ? [] : [...Buffer.from(`${data}9c9c9c9c9c2c`, 'hex')]
      const address = from === '0a' ? 16 : 0
      return hex(wchRequest(parseInt(command, 16), Uint8Array.of(address, 0, 0, 0, 0, ...rest)))
    }
    expect(hex(rom.heard)).toBe(observed.map(filled).join(''))
    const key = wchKey(Uint8Array.from(rom.options.uid), rom.options.chipId)
    const ten = bytes.map((byte, index) => byte ^ key[index & 7]!)
    expect(hex(wchRequest(0xa5, Uint8Array.of(0, 0, 0, 0, 0, ...ten)))).toBe(observed[4])
    expect(hex(wchRequest(0xa5, Uint8Array.of(10, 0, 0, 0, 0)))).toBe(observed[5])
  })

  it('sends whole groups of eight bytes, the last filled with erased flash', () => {
    const rom = new WchRomModel()
    expect(load(rom, image(13)).error).toBeUndefined()
    expect(hex(rom.flash.subarray(13, 16))).toBe('ffffff')
  })

  it('says which loader it is, and takes the end of one that restarts without a reply', () => {
    const rom = new WchRomModel({ version: [0, 2, 3, 1], confirmsEnd: false })
    const { value, error } = load(rom, image(100))
    expect(error).toBeUndefined()
    expect(value).toMatchObject({ version: '2.31', started: false })
    expect(rom.hasRestarted).toBe(true)
    // Sent once: what comes behind it would be read by the program.
    expect(rom.commands.filter((command) => command === 0xa2)).toHaveLength(1)
  })

  it('joins segments, with erased flash between them', () => {
    const rom = new WchRomModel()
    const [first, second] = [image(100), image(50, 2)]
    const segments = [
      { address: base, bytes: first },
      { address: base + 1024, bytes: second }
    ]
    expect(load(rom, first, { segments }).error).toBeUndefined()
    expect(hex(rom.flash.subarray(1024, 1074))).toBe(hex(second))
    expect(hex(rom.flash.subarray(100, 104))).toBe('ffffffff')
  })

  it('sends a request again whose reply was lost, without writing twice', () => {
    const rom = new WchRomModel()
    const conversation = wchLoad({ segments: [{ address: base, bytes: image(600) }], start: false, flash })
    let blocks = 0
    const { error } = runDialogue(conversation, {
      hear(bytes, atMs, line) {
        if (bytes[2] === 0xa5 && ++blocks === 3) rom.silentReplies = 1
        rom.hear(bytes, atMs, line)
      }
    })
    expect(error).toBeUndefined()
    expect(hex(rom.flash.subarray(0, 600))).toBe(hex(image(600)))
    expect(rom.hasRestarted).toBe(false)
  })

  it('says with bytes what does not fit, that flash is protected, worn, or in another chip, and that nobody replies', () => {
    const rom = new WchRomModel()
    const tooLong = errorOf(load(rom, image(flash.sizeBytes + 3)))
    expect(tooLong.message).toContain('3 bytes too many')
    expect(rom.heard).toEqual([])
    const closed = errorOf(load(new WchRomModel({ readProtection: 0xff }), image(10)))
    expect(closed.message).toContain('protected')
    const worn = new WchRomModel()
    worn.wornPages = 1
    expect(errorOf(load(worn, image(10))).code).toBe('board.crcMismatch')
    expect(errorOf(load(new WchRomModel({ series: 0x21 }), image(10))).code).toBe('input.unsupported')
    const silent = errorOf(
      runDialogue(wchLoad({ segments: [], start: true, flash, promptTimeoutMs: 500 }), { hear() {} })
    )
    expect(silent.code).toBe('loader.noPrompt')
  })
})
