import { describe, expect, it } from 'vitest'
import { espLoad, type EspOptions } from '@core/board/loaders/esp'
import { espChecksum, espRequest, espSync, espWords, readEspResponse } from '@core/board/loaders/espFrame'
import { SlipDecoder, slipFrame } from '@core/board/loaders/slip'
import { createRandom } from '@core/math/random'
import { AppError } from '@shared/errors'
import {
  type DialogueOutcome,
  type PeerLine,
  runDialogue,
  type TimedPeer
} from '../../../../support/dialogue'
import { esptoolExchange } from '../../../../support/esptoolExchange'
import { EspRomModel, type EspRomOptions } from '../../../../support/espRomModel'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const base = 0x3fc8_0000
/** SYNC, chip, and three reads: revision and line. */
const found = [0x08, 0x14, 0x0a, 0x0a, 0x0a]
const image = (length: number, seed = 1): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const load = (
  peer: TimedPeer,
  bytes: Uint8Array,
  more: Partial<EspOptions> = {},
  run: Parameters<typeof runDialogue>[2] = {}
): DialogueOutcome<{ repeatedSegments: number; reset: string; chip: string; started: boolean }> =>
  runDialogue(espLoad({ segments: [{ address: base, bytes }], entry: 0x4038_0000, ...more }), peer, run)
const errorOf = ({ error }: DialogueOutcome<unknown>): AppError => {
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('SLIP', () => {
  it('escapes and finds what it escaped, in pieces and behind text', () => {
    expect(hex(slipFrame(Uint8Array.of(1, 0xc0, 0xdb, 2)))).toBe('c001dbdcdbdd02c0')
    const random = createRandom(5)
    for (let round = 0; round < 200; round++) {
      const packet = Uint8Array.from(
        { length: 1 + random.integer(40) },
        () => [0xc0, 0xdb, 0xdc, 0xdd, 7][random.integer(5)]!
      )
      const decoder = new SlipDecoder()
      const found = [...Buffer.from('boot\r\n'), ...slipFrame(packet), ...slipFrame(packet)].flatMap(
        (byte) => {
          const done = decoder.push(byte)
          return done === null ? [] : [hex(done)]
        }
      )
      expect(found).toEqual([hex(packet), hex(packet)])
    }
  })

  it('leaves out a packet with a wrong escape', () => {
    const decoder = new SlipDecoder()
    const bytes = [0xc0, 1, 0xdb, 5, 6, 0xc0, 9, 0xc0]
    expect(bytes.flatMap((byte) => [...(decoder.push(byte) ?? [])])).toEqual([9])
  })
})

describe('requests and responses', () => {
  it('have the published form', () => {
    expect(hex(espSync())).toBe(`c000082400000000000707${'1220'}${'55'.repeat(32)}c0`)
    expect(espChecksum(Uint8Array.of(1, 2, 4))).toBe(0xef ^ 7)
    expect(hex(espRequest(0x05, espWords([4, 1, 0x1800, base])))).toBe(
      'c00005100000000000040000000100000000180000' + '0000c83fc0'
    )
    expect(readEspResponse(Uint8Array.of(1, 7, 4, 0, 0, 0, 0, 0, 1, 7, 0, 0))).toMatchObject({
      command: 7,
      error: 7
    })
    expect(readEspResponse(Uint8Array.of(1, 10, 4, 0, 0x6f, 0x50, 0x31, 0x1b, 0, 0, 0, 0))).toMatchObject({
      value: 0x1b31_506f,
      error: null
    })
    expect(readEspResponse(Uint8Array.of(1, 7, 9, 0, 0, 0, 0, 0, 1, 7, 0, 0))).toBeNull()
    expect(readEspResponse(Uint8Array.of(0, 7, 4, 0, 0, 0, 0, 0, 1, 7, 0, 0))).toBeNull()
  })
})

describe('the loader against a ROM of the published protocol', () => {
  it('loads, confirms every block and starts', () => {
    const rom = new EspRomModel()
    const bytes = image(0x1800 * 3 + 77)
    const { value, progress } = load(rom, bytes)
    expect(value).toMatchObject({ chip: 'ESP32-C3', reset: 'none', repeatedSegments: 0, started: true })
    expect(hex(rom.ram.subarray(0, bytes.length))).toBe(hex(bytes))
    expect(rom.ram[bytes.length]).toBe(0xee)
    expect(rom.startedAt).toBe(0x4038_0000)
    expect(rom.commands).toEqual([...found, 0x05, 0x07, 0x07, 0x07, 0x07, 0x06])
    expect(progress.filter((done) => done > 0)).toEqual([0x1800, 0x3000, 0x4800, bytes.length])
    expect(rom.counts).toEqual({ badChecksum: 0, badOrder: 0, unknown: 0, garbage: 0, lost: 0 })
  })

  it('sends the bytes that esptool was seen to send', () => {
    const rom = new EspRomModel({ ramBytes: 0x80_0000 })
    const sent: string[] = []
    const watched: TimedPeer = {
      hear(bytes, atMs, line) {
        sent.push(hex(bytes))
        rom.hear(bytes, atMs, line)
      }
    }
    const { segments, entry, frames } = esptoolExchange
    load(watched, image(0), {
      segments: segments.map(({ address, hex: text }) => ({
        address,
        bytes: new Uint8Array(Buffer.from(text, 'hex'))
      })),
      entry
    })
    expect(sent.filter((frame) => !/^c000(14|0a)/.test(frame))).toEqual(frames)
    expect(rom.startedAt).toBe(entry)
  })

  it('stays in the loader where nothing is to be started', () => {
    const rom = new EspRomModel()
    expect(load(rom, image(100), { entry: null }).value).toMatchObject({ started: false })
    expect(rom.state).toBe('download')
    expect(rom.commands).not.toContain(0x06)
  })

  it('reads the magic word where the ROM does not say its number', () => {
    const rom = new EspRomModel({ chipId: null })
    expect(load(rom, image(10)).value).toMatchObject({ chip: 'ESP32-C3' })
    expect(rom.counts.unknown).toBe(1)
    const c6 = new EspRomModel({ chipId: 13, ramBase: 0x4080_0000 })
    const bytes = image(10)
    expect(load(c6, bytes, { segments: [{ address: 0x4080_0000, bytes }] }).value).toMatchObject({
      chip: 'ESP32-C6'
    })
  })

  it('begins a segment again after a damaged block, and after one without a reply', () => {
    const rom = new EspRomModel()
    rom.damagedBlocks = 2
    const bytes = image(0x2000)
    expect(load(rom, bytes).value).toMatchObject({ repeatedSegments: 2 })
    expect(rom.counts.badChecksum).toBe(2)
    expect(hex(rom.ram.subarray(0, bytes.length))).toBe(hex(bytes))
    const silent = new EspRomModel()
    silent.ignored.push(0x07)
    expect(load(silent, bytes).value).toMatchObject({ repeatedSegments: 1 })
    expect(hex(silent.ram.subarray(0, bytes.length))).toBe(hex(bytes))
  })

  it('gives up after four damaged tries, and at once where the ROM refuses', () => {
    const rom = new EspRomModel()
    rom.damagedBlocks = 100
    const failed = errorOf(load(rom, image(100)))
    expect(failed.code).toBe('loader.rejected')
    expect(failed.message).toContain('the checksum of the data is wrong')
    expect(rom.counts.badChecksum).toBe(4)
    const small = new EspRomModel({ ramBytes: 50 })
    expect(errorOf(load(small, image(100))).message).toContain('the address in RAM is not valid')
  })

  it('goes faster for the transfer, and back before the program starts', () => {
    const rom = new EspRomModel()
    const bytes = image(7_000)
    expect(load(rom, bytes, { transferBaudRate: 921_600 }).value).toMatchObject({ started: true })
    expect(rom.commands).toEqual([...found, 0x0f, 0x05, 0x07, 0x07, 0x0f, 0x06])
    expect([rom.hostBaudRate, rom.romBaudRate, rom.counts.lost]).toEqual([115_200, 115_200, 0])
    expect(hex(rom.ram.subarray(0, bytes.length))).toBe(hex(bytes))
  })

  it('leaves the line at its first speed when it is cancelled', () => {
    const rom = new EspRomModel()
    const error = new AppError('job.cancelled', 'cancelled', 'none')
    const outcome = load(
      rom,
      image(40_000),
      { transferBaudRate: 460_800 },
      { cancelAfterSteps: { steps: 40, error } }
    )
    expect(outcome.error).toBe(error)
    expect([rom.hostBaudRate, rom.romBaudRate]).toEqual([115_200, 115_200])
    expect(rom.startedAt).toBeNull()
    expect(load(rom, image(100)).value).toMatchObject({ started: true })
  })
})

describe('getting into download mode', () => {
  it.each(['bridge', 'usbJtag'] as const)('resets over the modem lines of a %s', (wiring) => {
    const rom = new EspRomModel({ start: 'program', wiring })
    expect(load(rom, image(100)).value).toMatchObject({ reset: wiring === 'bridge' ? 'classic' : 'usbJtag' })
  })

  it('touches no modem line where the ROM replies', () => {
    const rom = new EspRomModel({ wiring: 'bridge' })
    const seen: unknown[] = []
    const watched: TimedPeer = {
      hear: (bytes, atMs, line) => rom.hear(bytes, atMs, line),
      setSignals: (signals) => seen.push(signals)
    }
    load(watched, image(10))
    expect(seen).toEqual([])
  })

  it('passes over noise and the text of a boot before the first reply', () => {
    const rom = new EspRomModel()
    let isNew = true
    const noisy: TimedPeer = {
      hear(bytes: Uint8Array, atMs: number, line: PeerLine) {
        if (isNew) {
          line.send(Uint8Array.of(0, 0xc0, 0x55, 0xdb, 0xff, 0xc0, 1, 8, 0xc0))
          rom.greet(line, true)
          isNew = false
        }
        rom.hear(bytes, atMs, line)
      }
    }
    expect(load(noisy, image(10)).value).toMatchObject({ started: true })
  })

  it.each<[string, EspRomOptions, string]>([
    ['nothing is there', { start: 'off' }, 'No ROM of an ESP32 replied; received nothing'],
    ['the program in flash runs', { start: 'program' }, 'boot mode 0xc, SPI_FAST_FLASH_BOOT'],
    [
      'the wire to the chip is broken',
      { start: 'program', wiring: 'bridge', isDeaf: true },
      'its ROM does not reply'
    ]
  ])('says so where %s', (_what, options, text) => {
    const outcome = load(new EspRomModel(options), image(10))
    expect(errorOf(outcome).code).toBe('loader.noPrompt')
    expect(errorOf(outcome).message).toContain(text)
    expect(outcome.endedAtMs).toBeLessThan(30_000)
  })
})

describe('what is refused before anything is sent', () => {
  it.each([
    [{ chipId: 9 }, 'ESP32-S3'],
    [{ chipId: 77 }, 'number 77'],
    [{ chipId: null, magic: 0x1234_5678 }, '0x12345678'],
    [{ securityFlags: 4 }, 'secure download mode']
  ])('another chip: %o', (options, text) => {
    const rom = new EspRomModel(options)
    const error = errorOf(load(rom, image(10)))
    expect(error.code).toBe('input.unsupported')
    expect(error.message).toContain(text)
    expect(rom.commands).not.toContain(0x05)
  })

  // The ROM's buffers, stack and variables, as Espressif's bootloader.ld has them.
  it.each([
    ['c3', 0x3fc7_fff0, 'not in RAM'],
    ['c3', 0x3fcc_b000, 'works from 0x3fccae00'],
    ['c3', 0x403d_ff00, 'works from 0x403cae00'],
    ['c3', 0x2000_0000, 'not in RAM'],
    ['c6', 0x4086_ad00, 'works from 0x4086ad08'],
    ['c6', 0x4087_f580, 'works from 0x4086ad08']
  ] as const)('an image for a %s at %i', (chip, address, text) => {
    const rom = new EspRomModel(chip === 'c6' ? { chipId: 13 } : {})
    const error = errorOf(load(rom, image(0), { segments: [{ address, bytes: image(16) }] }))
    expect(error.code).toBe('board.addressRange')
    expect(error.message).toContain(text)
    expect(rom.commands).not.toContain(0x05)
  })
})
