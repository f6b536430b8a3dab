import { describe, expect, it } from 'vitest'
import { stmLoad, type StmOptions } from '@core/board/loaders/stm'
import { createRandom } from '@core/math/random'
import { AppError } from '@shared/errors'
import { type DialogueOutcome, runDialogue } from '../../../../support/dialogue'
import { StmRomModel, type StmRomOptions } from '@core/sim/roms/stmRomModel'

const base = 0x0800_0000
const flash = { base, sizeBytes: 128 << 10 }
const hex = (bytes: readonly number[] | Uint8Array): string => Buffer.from(bytes).toString('hex')
const image = (length: number, seed = 1): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const load = (rom: StmRomModel, bytes: Uint8Array, more: Partial<StmOptions> = {}) =>
  runDialogue(
    stmLoad({
      segments: [{ address: base, bytes }],
      entry: base,
      flash,
      promptTimeoutMs: 1_000,
      ...more
    }),
    rom
  )
const rom = (options: StmRomOptions = {}): StmRomModel => new StmRomModel(options)
const errorOf = ({ error }: DialogueOutcome<unknown>): AppError => {
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('the USART loader in the ROM of a GD32VF103', () => {
  it.each([1, 255, 256, 257, 5_000, 40_000])('writes %i bytes, reads them back and starts', (length) => {
    const chip = rom()
    const bytes = image(length)
    const { value, error } = load(chip, bytes)
    expect(error).toBeUndefined()
    expect(value).toEqual({
      version: '2.2',
      chipId: 0x410,
      erasedPages: Math.ceil(length / 1024),
      loadedBytes: length,
      started: true
    })
    expect(hex(chip.flash.subarray(0, length))).toBe(hex(bytes))
    expect(chip.startedAt).toBe(base)
    expect(chip.counts).toEqual({ badChecksum: 0, badCommand: 0, dirtyWrites: 0 })
    // Pages behind the image keep what they held.
    expect(chip.flash[Math.ceil(length / 1024) * 1024]).toBe(0)
  })

  it('sends what stm32flash 0.7 sent to this model over a pty (-m 8n1 -w FILE -v -g 0x08000000)', () => {
    const chip = rom()
    load(chip, Uint8Array.of(0x79, 0x1f, 0x7f, 0xff, 0, 1, 2, 3, 4, 5))
    // stm32flash also requests the version (01 FE) before the list of commands.
    const observed =
      '7f' +
      '00ff' +
      '02fd' +
      '43bc' +
      '000000' +
      '31ce' +
      '0800000008' +
      '0b791f7fff000102030405ffffec' +
      '11ee' +
      '0800000008' +
      '09f6' +
      '21de' +
      '0800000008'
    expect(hex(chip.heard)).toBe(observed)
  })

  it('names pages by 16 bits where the ROM erases so (44 BB, 0000 0000, 00 for the first, as stm32flash)', () => {
    const chip = rom({ isExtended: true })
    expect(load(chip, image(3_000)).error).toBeUndefined()
    expect(hex(chip.heard)).toContain('44bb' + '0002000000010002' + '01')
    const first = rom({ isExtended: true })
    load(first, image(10))
    expect(hex(first.heard)).toContain('44bb' + '0000000000')
  })

  it('goes on where the ROM knows the speed already', () => {
    const chip = rom()
    load(chip, image(10), { entry: null })
    expect(load(chip, image(300, 2)).error).toBeUndefined()
    expect(hex(chip.flash.subarray(0, 300))).toBe(hex(image(300, 2)))
  })

  it('refuses before anything is sent what does not fit, with the bytes', () => {
    const chip = rom()
    const failure = errorOf(load(chip, image(flash.sizeBytes + 5)))
    expect(failure.code).toBe('board.addressRange')
    expect(failure.message).toContain('5 bytes too many')
    const low = load(chip, image(4), { segments: [{ address: 0x2000_0000, bytes: image(4) }] })
    expect(errorOf(low).code).toBe('board.addressRange')
    expect(chip.heard).toEqual([])
  })

  it('says what read protection means, that nobody replies, and that flash holds something else', () => {
    const closed = errorOf(load(rom({ isProtected: true }), image(10)))
    expect(closed.code).toBe('loader.rejected')
    expect(closed.hint).toContain('protected')
    const silent = errorOf(load(rom({ start: 'program' }), image(10)))
    expect(silent.code).toBe('loader.noPrompt')
    expect(silent.hint).toContain('BOOT0')
    const worn = rom()
    worn.wornWrites = 1
    expect(errorOf(load(worn, image(10))).code).toBe('board.crcMismatch')
  })

  it('takes even parity for itself and gives the line back, also when it fails or is cancelled', () => {
    for (const more of [
      {},
      { cancelAfterSteps: { steps: 9, error: new AppError('job.cancelled', 'stop', '') } }
    ]) {
      const parities: string[] = []
      const conversation = stmLoad({ segments: [{ address: base, bytes: image(300) }], entry: null, flash })
      const watched = {
        next: (bytes: Uint8Array) => note(conversation.next(bytes)),
        throw: (error: unknown) => note(conversation.throw(error)),
        return: (value: never) => conversation.return(value)
      } as typeof conversation
      const note = (step: ReturnType<typeof conversation.next>) => {
        if (step.done !== true && step.value.kind === 'setParity') parities.push(step.value.parity)
        return step
      }
      runDialogue(watched, rom(), more)
      expect(parities).toEqual(['even', 'none'])
    }
  })
})
