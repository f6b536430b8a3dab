import { describe, expect, it } from 'vitest'
import { crc16 } from '@core/binary/crc16'
import { sflLoad } from '@core/board/loaders/sfl'
import { sflAbortFrame, sflJumpFrame, sflLoadFrame } from '@core/board/loaders/sflFrame'
import { createRandom } from '@core/math/random'
import { AppError } from '@shared/errors'
import { type PeerLine, runDialogue, type TimedPeer } from '../../../../support/dialogue'
import { SflBios } from '../../../../support/sflBios'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const image = (length: number, seed = 1): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const base = 0x4000_0000
const load = (
  bytes: Uint8Array,
  more: Partial<Parameters<typeof sflLoad>[0]> = {}
): ReturnType<typeof sflLoad> => sflLoad({ segments: [{ address: base, bytes }], jumpAddress: base, ...more })

describe('SFL frames', () => {
  it('equal the published vectors', () => {
    expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x31c3)
    expect(hex(sflLoadFrame(base, Uint8Array.of(0xde, 0xad, 0xbe, 0xef)))).toBe('08d9a40140000000deadbeef')
    expect(hex(sflJumpFrame(base))).toBe('042a1f0240000000')
    expect(hex(sflAbortFrame())).toBe('00000000')
  })
})

/** A BIOS from before the request came by itself: what it prints at reset, and what makes it load. */
class MenuBios implements TimedPeer {
  readonly bios = new SflBios()
  private state: 'off' | 'menu' | 'loading' = 'off'
  private heard = ''

  constructor(
    private readonly menu: string,
    private readonly wanted: string
  ) {}

  tick(atMs: number, line: PeerLine): void {
    if (this.state === 'loading') return this.bios.tick(atMs, line)
    if (this.state === 'menu') return
    this.state = 'menu'
    line.send(new TextEncoder().encode(this.menu))
  }

  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void {
    if (this.state === 'loading') return this.bios.hear(bytes, atMs, line)
    this.heard += String.fromCharCode(...bytes)
    if (this.heard.includes(this.wanted)) this.state = 'loading'
  }
}

describe('SFL loader against a strict BIOS', () => {
  // As the sources of LiteX had it until April 2016, until January 2017, and until 2019.
  it.each([
    ['Q/ESC: abort boot\n\rF7:    boot from serial\n\r', '\x06'],
    ['Q/ESC: abort boot\n\rS:     boot from serial\n\r', 'S'],
    ['No boot medium found\n\r\x1b[1mBIOS>\x1b[0m ', 'serialboot\n']
  ])('gets an older BIOS to load: %j', (menu, wanted) => {
    const old = new MenuBios(menu, wanted)
    const bytes = image(3_000)
    const { value, error } = runDialogue(load(bytes), old)
    expect(error).toBeUndefined()
    expect(value).toMatchObject({ loadedBytes: 3_000, jumped: true })
    expect(Buffer.compare(old.bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
  })

  it('answers the request in time, loads every byte and jumps', () => {
    const bios = new SflBios()
    const bytes = image(70_001)
    const { value, error, progress } = runDialogue(load(bytes), bios)
    expect(error).toBeUndefined()
    expect(value).toMatchObject({
      loadedBytes: 70_001,
      repeatedFrames: 0,
      frameBytes: 251,
      window: 8,
      jumped: true
    })
    expect(Buffer.compare(bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
    expect(bios.ram[bytes.length]).toBe(0xee)
    expect(bios.jumpedTo).toBe(base)
    expect(progress.at(-1)).toBe(70_001)
    expect(progress.every((done, at) => at === 0 || done >= progress[at - 1]!)).toBe(true)
  })

  it('waits while a memory test prints, longer than it would wait in silence', () => {
    const bios = new SflBios({ memoryTestMs: 12_000 })
    const { value, endedAtMs } = runDialogue(load(image(500), { promptTimeoutMs: 3_000 }), bios)
    expect(value?.jumped).toBe(true)
    expect(endedAtMs).toBeGreaterThan(12_000)
  })

  it('does not overrun the ring of a BIOS that works slower than the line', () => {
    // 0.2 ms a byte against 0.087 ms on the line: of a second long frame 127 bytes fit the ring, the rest is lost.
    const bios = new SflBios({ workMsPerByte: 0.2 })
    const bytes = image(40_000)
    const { value } = runDialogue(load(bytes), bios)
    expect(value).toMatchObject({ jumped: true, frameBytes: 251, window: 1 })
    expect(Buffer.compare(bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
  })

  it('begins anew when the BIOS had left for its console', () => {
    const bios = new SflBios()
    bios.missedRequests = 1
    const bytes = image(3_000)
    const { value, error } = runDialogue(load(bytes), bios)
    expect(error).toBeUndefined()
    expect(value?.jumped).toBe(true)
    expect(Buffer.compare(bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
  })

  it('says that the address is outside the memory of the BIOS', () => {
    const bios = new SflBios({ ramBase: 0x8000_0000 })
    const { error } = runDialogue(load(image(300)), bios)
    expect(error).toMatchObject({ code: 'board.addressRange', hint: expect.stringContaining('csr.csv') })
    expect(bios.jumpedTo).toBeNull()
  })

  it('a BIOS that nobody speaks to sends E every 250 ms and gives up after 256', () => {
    const bios = new SflBios({ start: 'console' })
    const sent: string[] = []
    const line = { send: (bytes: Uint8Array): void => void sent.push(new TextDecoder().decode(bytes)) }
    bios.hear(new TextEncoder().encode('serialboot\n'), 0, line)
    bios.hear(new TextEncoder().encode('z6IHG7cYDID6o\n'), 10, line)
    bios.tick(10 + 250 * 255 + 1, line)
    expect(sent.filter((text) => text === 'E')).toHaveLength(255)
    bios.tick(10 + 250 * 256 + 1, line)
    expect(bios.state).toBe('console')
    expect(sent.at(-1)).toContain('\x1b[92;1mlitex\x1b[0m> ')
  })

  it('gets a BIOS at its console to ask', () => {
    const bios = new SflBios({ start: 'console' })
    const { value } = runDialogue(load(image(500)), bios)
    expect(value?.jumped).toBe(true)
    expect(bios.counts.timeouts).toBe(0)
  })

  it('loads several segments where they belong', () => {
    const bios = new SflBios()
    const [a, b] = [image(600, 2), image(300, 3)]
    const segments = [
      { address: base + 0x100, bytes: a },
      { address: base + 0x2000, bytes: b }
    ]
    runDialogue(sflLoad({ segments, jumpAddress: base + 0x100 }), bios)
    expect(Buffer.compare(bios.ram.subarray(0x100, 0x100 + 600), a)).toBe(0)
    expect(Buffer.compare(bios.ram.subarray(0x2000, 0x2000 + 300), b)).toBe(0)
  })

  it('leaves the BIOS at its prompt when nothing is to be started', () => {
    const bios = new SflBios()
    const { value } = runDialogue(load(image(100), { jumpAddress: null }), bios)
    expect(value?.jumped).toBe(false)
    expect(bios.state).toBe('console')
  })

  it('falls back to single small frames on a bridge that swallows long ones', () => {
    const bios = new SflBios({ fifoBytes: 80 })
    const bytes = image(2_000)
    const { value } = runDialogue(load(bytes), bios)
    expect(value).toMatchObject({ frameBytes: 64, window: 1, jumped: true })
    expect(Buffer.compare(bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
  })

  it.each([1, 2, 3, 4, 5, 6])('ends verified or refused on a noisy line, seed %i', (seed) => {
    const bios = new SflBios({ flipPerByte: 4e-5, seed })
    const bytes = image(20_000, seed)
    const { value, error, endedAtMs } = runDialogue(load(bytes), bios)
    if (error === undefined) {
      expect(value?.jumped).toBe(true)
      expect(Buffer.compare(bios.ram.subarray(0, bytes.length), bytes)).toBe(0)
    } else {
      expect(AppError.from(error).code).toMatch(/^loader\./)
      expect(bios.jumpedTo).toBeNull()
    }
    expect(endedAtMs).toBeLessThan(120_000)
  })

  it('names a hopeless line instead of trying for ever', () => {
    const bios = new SflBios({ flipPerByte: 0.05, seed: 9 })
    const { error } = runDialogue(load(image(4_000)), bios)
    expect(['loader.rejected', 'loader.noPrompt']).toContain(AppError.from(error).code)
    expect(bios.jumpedTo).toBeNull()
  })

  it('says what came when there is no LiteX BIOS', () => {
    const talker = {
      hear: (_: Uint8Array, __: number, line: { send(b: Uint8Array): void }) =>
        line.send(new TextEncoder().encode('# \x07'))
    }
    const { error } = runDialogue(load(image(10)), talker)
    expect(error).toMatchObject({
      code: 'loader.noPrompt',
      message: expect.stringContaining('"# \\x07"'),
      hint: expect.stringContaining('reset')
    })
  })

  it.each([3, 12, 40, 200])('aborts back to the prompt when cancelled after %i steps', (steps) => {
    const bios = new SflBios()
    const cancelled = new AppError('job.cancelled', 'stop', 'stop')
    const { error, endedAtMs } = runDialogue(load(image(100_000)), bios, {
      cancelAfterSteps: { steps, error: cancelled }
    })
    expect(error).toBe(cancelled)
    expect(['console', 'asking']).toContain(bios.state)
    expect(bios.jumpedTo).toBeNull()
    // The board is usable: the same BIOS takes the next load.
    const again = runDialogue(load(image(300, 5)), bios, { startMs: endedAtMs + 1_000 })
    expect(again.value?.jumped).toBe(true)
  })
})
