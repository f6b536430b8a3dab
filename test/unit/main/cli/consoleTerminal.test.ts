import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ConsoleTerminal } from '@main/cli/board/console/consoleTerminal'
import { TypedTexts } from '@main/cli/board/console/typedTexts'
import { EchoFilter } from '@main/cli/board/console/echoFilter'

// readline edits no line on a terminal that calls itself dumb.
beforeAll(() => void vi.stubEnv('TERM', 'xterm'))
afterAll(() => void vi.unstubAllEnvs())

/** Rows of a terminal after `output`: the sequences that readline uses, written here by the ECMA-48 meaning of each. */
function screen(output: string): string[] {
  const rows = ['']
  let [row, column] = [0, 0]
  for (const [piece, parameters, final] of output.matchAll(/\x1b\[([\d;]*)([A-Za-z])|[^]/g)) {
    const count = Number(parameters || 1)
    if (final === 'G') column = count - 1
    else if (final === 'A') row = Math.max(0, row - count)
    else if (final === 'C') column += count
    else if (final === 'D') column = Math.max(0, column - count)
    else if (final === 'J') {
      rows.length = row + 1
      rows[row] = rows[row].slice(0, column)
    } else if (piece === '\r') column = 0
    else if (piece === '\n') {
      row++
      rows[row] ??= ''
    } else if (final === undefined) {
      rows[row] = rows[row].padEnd(column).slice(0, column) + piece + rows[row].slice(column + 1)
      column++
    }
  }
  return rows.map((text) => text.trimEnd())
}

class Desk {
  readonly input = new PassThrough()
  readonly sent: string[] = []
  isEnded = false
  interrupts = 0
  private shown = ''
  readonly terminal: ConsoleTerminal

  constructor() {
    const output = new PassThrough()
    output.on('data', (bytes: Buffer) => (this.shown += bytes.toString()))
    this.terminal = new ConsoleTerminal(
      { input: this.input, output },
      {
        line: (text) => this.sent.push(text),
        interrupt: () => this.interrupts++,
        end: () => (this.isEnded = true)
      }
    )
  }

  async type(keys: string): Promise<void> {
    // Key by key: readline takes characters that come together for pasted text.
    for (const [key] of keys.matchAll(/\x1b\[[A-D]|[^]/g)) {
      this.input.write(key)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  get rows(): string[] {
    return screen(this.shown)
  }
}

describe('a terminal at a board’s console', () => {
  it('keeps a half typed line whole while the board sends', async () => {
    const desk = new Desk()
    desk.terminal.show('boot\r\n> ')
    await desk.type('hel')
    desk.terminal.show('\r\ntick 1\r\ntick')
    await desk.type('p')
    desk.terminal.show(' 2\r\n> ')
    await desk.type('!\r')
    expect(desk.sent).toEqual(['help!'])
    expect(desk.rows).toEqual(['boot', '>', 'tick 1', 'tick 2', '> help!', ''])
  })

  it('edits in the middle of a line and brings back lines of the history', async () => {
    const desk = new Desk()
    await desk.type('mem\x1b[D\x1b[DX\r')
    await desk.type('boot\r')
    await desk.type('\x1b[A\x1b[A\r')
    expect(desk.sent).toEqual(['mXem', 'boot', 'mXem'])
  })

  it('puts the cursor back where it was in the line', async () => {
    const desk = new Desk()
    await desk.type('abcd\x1b[D\x1b[D')
    desk.terminal.show('text\n')
    await desk.type('-\r')
    expect(desk.sent).toEqual(['ab-cd'])
  })

  it('leaves a line that takes two rows as it is', async () => {
    const desk = new Desk()
    const long = 'x'.repeat(150)
    await desk.type(long)
    desk.terminal.show('tick\r\n')
    await desk.type('\r')
    expect(desk.sent).toEqual([long])
  })

  it('shows a line once though the board echoes it', async () => {
    const desk = new Desk()
    desk.terminal.show('litex> ')
    await desk.type('help\r')
    desk.terminal.show('he')
    desk.terminal.show('lp\r\n\r\ncommands: …\r\nlitex> ')
    expect(desk.rows).toEqual(['litex> help', '', 'commands: …', 'litex>'])
  })

  it('breaks an endless line', () => {
    const desk = new Desk()
    desk.terminal.show('y'.repeat(1_001))
    desk.terminal.show('z')
    expect(desk.rows.at(-1)).toBe('z')
  })

  it('writes remarks above the board’s prompt, and reports Ctrl-C and Ctrl-D', async () => {
    const desk = new Desk()
    desk.terminal.show('=> ')
    desk.terminal.note('-- remark')
    expect(desk.rows).toEqual(['-- remark', '=>'])
    await desk.type('\x03')
    expect(desk.interrupts).toBe(1)
    await desk.type('\x04')
    expect(desk.isEnded).toBe(true)
  })

  it('shows what comes after Ctrl-D and reads no more', async () => {
    const desk = new Desk()
    desk.terminal.show('=> ')
    await desk.type('\x04')
    desk.terminal.show('late\r\n')
    desk.terminal.note('-- remark')
    await desk.type('x\r')
    expect(desk.rows.slice(-3)).toEqual(['=> late', '-- remark', ''])
    expect([desk.sent, desk.input.isPaused()]).toEqual([[], true])
  })
})

describe('typed texts', () => {
  it('go one after the other, also behind one that failed', async () => {
    const order: string[] = []
    const typed = new TypedTexts({
      async send(text) {
        order.push(`from ${text}`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`to ${text}`)
        if (text === 'b') throw new Error('no board')
      },
      failed: (error) => order.push(String(error)),
      signal: new AbortController().signal
    })
    for (const text of ['a', 'b', 'c']) void typed.add(text)
    expect(typed.waiting).toBe(3)
    await typed.settled()
    expect(typed.waiting).toBe(0)
    expect(order).toEqual(['from a', 'to a', 'from b', 'to b', 'Error: no board', 'from c', 'to c'])
  })

  it('that wait are left out when the command is ended', async () => {
    const ended = new AbortController()
    const sent: string[] = []
    const send = async (text: string): Promise<void> => {
      sent.push(text)
      ended.abort()
    }
    const typed = new TypedTexts({ send, failed: () => undefined, signal: ended.signal })
    for (const text of ['a', 'b', 'c']) void typed.add(text)
    await typed.settled()
    expect([sent, typed.waiting]).toEqual([['a'], 0])
  })
})

describe('the echo of a line', () => {
  it.each([
    ['is left out', ['help\r\nyes'], 'yes'],
    ['is left out when it comes in pieces', ['h', 'elp', '\r\nyes'], 'yes'],
    ['is passed on when it differs', ['hello\r\n'], 'hello\r\n'],
    ['of a board without one loses nothing', ['\r\nh', 'e said'], '\r\nhe said'],
    ['is left out once', ['help\r\nhelp\r\n'], 'help\r\n']
  ])('%s', (_, pieces, shown) => {
    const echo = new EchoFilter()
    echo.expect('help')
    expect(pieces.map((piece) => echo.pass(piece)).join('')).toBe(shown)
  })
})
