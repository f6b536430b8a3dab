import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { detectBootLoader } from '@core/board/loaders/detect'
import { runDialogue, type TimedPeer } from '../../../../support/dialogue'

/** A console that echoes, answers commands from a table, and prompts. */
function consoleOf(prompt: string, answers: Record<string, string> = {}): TimedPeer {
  let typed = ''
  return {
    hear(bytes, _atMs, line) {
      for (const byte of bytes) {
        if (byte === 0x0a) continue
        if (byte !== 0x0d) {
          typed += String.fromCharCode(byte)
          line.send(Uint8Array.of(byte))
          continue
        }
        const answer = typed === '' ? '' : (answers[typed] ?? `Unknown command '${typed}' - try 'help'\r\n`)
        typed = ''
        line.send(new TextEncoder().encode(`\r\n${answer}${prompt}`))
      }
    }
  }
}
const cpus = {
  version: 'U-Boot 2023.01 (Jun 22 2026)\r\n',
  'fdt print /cpus': 'cpus {\r\n\tcpu@0 {\r\n\t\triscv,isa = "rv64imac";\r\n'
}

/** A LiteX BIOS that measures its memory without a word for `busyMs` after its first text, then prompts. */
function busyBios(busyMs: number): TimedPeer {
  const prompt = new TextEncoder().encode('\r\n\x1b[92;1mlitex\x1b[0m> ')
  let readyMs: number | null = null
  return {
    hear(_, atMs, line) {
      if (readyMs === null) {
        readyMs = atMs + busyMs
        line.send(new TextEncoder().encode('Memspeed at 0x40000000 (Sequential, 2.0MiB)...\r\n'))
      } else if (atMs >= readyMs) line.send(prompt)
    }
  }
}

/** Of a console without bdinfo. */
const nothing = { banks: [], reserved: [], model: null, clockHz: null }

/** A U-Boot that receives a file: it says `wish` to every Enter (real ones mostly stay silent) until CAN comes three times in a row. */
function receiving(wish: string, prompt: TimedPeer): TimedPeer {
  let cans = 0
  return {
    hear(bytes, atMs, line) {
      if (cans >= 3) return prompt.hear(bytes, atMs, line)
      for (const byte of bytes) cans = byte === 0x18 ? cans + 1 : cans >= 3 ? cans : 0
      if (cans < 3) line.send(new TextEncoder().encode(wish))
    }
  }
}

describe('a U-Boot whose transfer broke off', () => {
  it.each(['', 'C', '\x15', 'CCC'])('that sends "%s" meanwhile is taken out of it', (wish) => {
    const { value } = runDialogue(detectBootLoader(), receiving(wish, consoleOf('=> ', cpus)))
    expect(value).toMatchObject({ kind: 'uboot', isa: 'rv64imac' })
  })
})

describe('a boot loader that is busy', () => {
  it.each([0, 12_000, 25_000])('is waited for after it has spoken: %i ms', (busyMs) => {
    const { value } = runDialogue(detectBootLoader(), busyBios(busyMs))
    expect(value).toEqual({ kind: 'litex' })
  })

  it.each(['BIOS', 'litex'])('shows LiteX by the prompt %s', (name) => {
    const { value } = runDialogue(detectBootLoader(), consoleOf(`\x1b[1m${name}>\x1b[0m `))
    expect(value).toEqual({ kind: 'litex' })
  })

  it('is given up after half a minute of silence, and reported meanwhile', () => {
    const notes: string[] = []
    const { error, endedAtMs } = runDialogue(noted(notes), busyBios(120_000))
    expect(error).toMatchObject({ code: 'loader.noPrompt' })
    expect(endedAtMs).toBeGreaterThan(30_000)
    expect(endedAtMs).toBeLessThan(35_000)
    expect(new Set(notes).size).toBe(1)
    expect(notes[0]).toContain('the board printed "Memspeed at 0x40000000')
  })

  it('is waited for while text flows, however long', () => {
    const prompt = new TextEncoder().encode('\r\n\x1b[92;1mlitex\x1b[0m> ')
    let nextMs = 0
    let percent = 0
    const slowTest: TimedPeer = {
      hear: (_, atMs, line) => (atMs > 90_000 ? line.send(prompt) : undefined),
      tick(atMs, line) {
        if (atMs < nextMs || atMs > 90_000) return
        nextMs = atMs + 11_000
        line.send(new TextEncoder().encode(`  Write: 0x40000000 ${++percent * 10} %   \r`))
      }
    }
    expect(runDialogue(detectBootLoader(), slowTest).value).toEqual({ kind: 'litex' })
  })

  it.each([250, 2_400])('shows LiteX in its loader by the E that it repeats every %i ms', (apartMs) => {
    let nextMs = apartMs
    const sendsE: TimedPeer = {
      hear: () => undefined,
      tick(atMs, line) {
        if (atMs < nextMs) return
        nextMs += apartMs
        line.send(new TextEncoder().encode('E'))
      }
    }
    expect(runDialogue(detectBootLoader(), sendsE).value).toEqual({ kind: 'litex' })
  })
})

/** The detection, with what it reports. */
function* noted(notes: string[]): ReturnType<typeof detectBootLoader> {
  const detection = detectBootLoader()
  let next = detection.next(new Uint8Array(0))
  for (;;) {
    if (next.done === true) return next.value
    if (next.value.kind === 'progress') notes.push(next.value.note ?? '')
    next = detection.next(yield next.value)
  }
}

describe('what is no boot loader', () => {
  it.each(['login: ', 'root@starfive:~# '])(
    '%j is given up once it has replied the same four times',
    (prompt) => {
      const { error, endedAtMs } = runDialogue(detectBootLoader(), consoleOf(prompt))
      expect(AppError.from(error).message).toContain(`replies to Enter with "`)
      expect(AppError.from(error).message).toContain(prompt)
      expect(endedAtMs).toBeLessThan(20_000)
    }
  )

  it('noise names the speed of the line', () => {
    let seed = 1
    const noise: TimedPeer = {
      hear: (_, __, line) =>
        line.send(Uint8Array.from({ length: 30 }, () => 0x80 + ((seed = (seed * 75 + 74) % 65_537) & 0x7f)))
    }
    const { error, endedAtMs } = runDialogue(detectBootLoader(), noise)
    expect(AppError.from(error)).toMatchObject({ code: 'loader.noPrompt' })
    expect(AppError.from(error).hint).toContain('--baud')
    expect(endedAtMs).toBeLessThan(20_000)
  })
})

describe('prompts of U-Boot', () => {
  it.each(['=> ', 'StarFive # ', 'Milkv-Duo$ ', '\x1b[32mboard#\x1b[0m '])('%j is found', (prompt) => {
    const { value, error } = runDialogue(detectBootLoader(), consoleOf(prompt, cpus))
    expect(error).toBeUndefined()
    expect(value).toEqual({ kind: 'uboot', uart: null, isa: 'rv64imac', supervisor: false, board: nothing })
  })

  it('supervisor mode shows in the command sbi', () => {
    const answers = { ...cpus, sbi: 'SBI 1.0\r\nOpenSBI 1.1\r\nMachine:\r\n' }
    const { value } = runDialogue(detectBootLoader(), consoleOf('StarFive # ', answers))
    expect(value).toMatchObject({ kind: 'uboot', supervisor: true })
  })

  it.each(['', 'login: ', 'counting 1234', 'root@starfive:~# '])('%j is none', (prompt) => {
    const { error } = runDialogue(detectBootLoader(), consoleOf(prompt))
    expect(error).toMatchObject({ code: 'loader.noPrompt' })
  })
})
