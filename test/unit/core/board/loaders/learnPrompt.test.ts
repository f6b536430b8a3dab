import { describe, expect, it } from 'vitest'
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

describe('a boot loader that is busy', () => {
  it.each([0, 12_000, 25_000])('is waited for after it has spoken: %i ms', (busyMs) => {
    const { value } = runDialogue(detectBootLoader(), busyBios(busyMs))
    expect(value).toEqual({ kind: 'litex' })
  })

  it.each(['BIOS', 'litex'])('shows LiteX by the prompt %s', (name) => {
    const { value } = runDialogue(detectBootLoader(), consoleOf(`\x1b[1m${name}>\x1b[0m `))
    expect(value).toEqual({ kind: 'litex' })
  })

  it('is given up after a minute without a prompt', () => {
    const { error } = runDialogue(detectBootLoader(), busyBios(120_000))
    expect(error).toMatchObject({ code: 'loader.noPrompt' })
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
