import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { hasTool, sayskip } from '../support/ptyPair'
import { until } from '../support/until'

/** `bitbench board console` in a real pseudo-terminal (socat makes it), at boards with and without a monitor. */
const hasSocat = hasTool('socat')
if (!hasSocat) sayskip('the console on a terminal', 'socat')

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A board that echoes what is typed, prompts as LiteX does and prints while nobody types. */
async function startBoard(): Promise<{ address: string; received: () => string }> {
  let received = ''
  const sockets = new Set<Socket>()
  const prompt = '\x1b[92;1mlitex\x1b[0m> '
  const server = createServer((socket) => {
    sockets.add(socket)
    let ticks = 0
    const timer = setInterval(() => socket.write(`\r\ntick ${++ticks}\r\n${prompt}`), 150)
    socket.on('error', () => undefined)
    socket.once('close', () => clearInterval(timer))
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      socket.write(bytes.toString('latin1').replaceAll('\n', `\r\n${prompt}`))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    sockets.forEach((socket) => socket.destroy())
    return new Promise((resolve) => server.close(resolve))
  })
  return { address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, received: () => received }
}

interface OpenTerminal {
  child: ChildProcess
  /** Keys one after the other: what comes together is taken for pasted text. */
  type(...keys: string[]): Promise<void>
  shows(text: string): Promise<void>
  ended: Promise<void>
}

function openTerminal(args: string[]): OpenTerminal {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-console-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const command = [process.execPath, 'bin/bitbench.mjs', 'board', 'console', ...args, '--data', folder]
  const child = spawn(
    'socat',
    ['-', `EXEC:"${command.join(' ').replaceAll(':', '\\:')}",pty,setsid,ctty,stderr`],
    { stdio: 'pipe', env: { ...process.env, TERM: 'xterm' } }
  )
  cleanups.push(() => child.kill('SIGKILL'))
  let shown = ''
  const look = new Set<() => void>()
  child.stdout.on('data', (bytes: Buffer) => {
    shown += bytes.toString()
    look.forEach((one) => one())
  })
  return {
    child,
    async type(...keys) {
      for (const key of keys) {
        child.stdin.write(key)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    shows: (text) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no ${JSON.stringify(text)} in ${shown}`)), 60_000)
        const one = (): void => {
          if (!shown.includes(text)) return
          clearTimeout(late)
          look.delete(one)
          resolve()
        }
        look.add(one)
        one()
      }),
    ended: new Promise((resolve) => child.once('close', () => resolve()))
  }
}

describe.skipIf(!hasSocat)('a console on a terminal', { timeout: 600_000 }, () => {
  it('edits a line, keeps a history and captures bytes while a board without a monitor prints', async () => {
    const board = await startBoard()
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-capture-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const capture = path.join(folder, 'all.bin')
    const terminal = openTerminal([board.address, '--capture', capture])
    await terminal.shows('tick 1')
    await terminal.type('hlp', '\x1b[D', '\x1b[D', 'e', '\r')
    await terminal.shows('help')
    await terminal.type('\x1b[A', '\r')
    await until(() => board.received() === 'help\nhelp\n')
    await terminal.type('\x03')
    await terminal.ended
    const captured = readFileSync(capture, 'latin1')
    expect(captured).toContain('\r\ntick 1\r\n\x1b[92;1mlitex\x1b[0m> ')
    expect(captured.match(/help\r\n/g)).toHaveLength(2)
  })

  it('sends every key with --keys, Ctrl-C too, and ends with Ctrl-]', async () => {
    const board = await startBoard()
    const terminal = openTerminal([board.address, '--keys'])
    await terminal.shows('tick 1')
    await terminal.type('a\x1b[A\x03')
    await until(() => board.received() === 'a\x1b[A\x03')
    await terminal.type('\x1d')
    await terminal.ended
  })

  it('sends a file with carriage returns behind typed lines, with times, as hex', async () => {
    const board = await startBoard()
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-send-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'bytes')
    writeFileSync(file, Buffer.from([0, 1, 255, 10]))
    const terminal = openTerminal([
      board.address,
      ...['--send-file', file, '--line-end', 'cr', '--hex', '--timestamps']
    ])
    await terminal.shows('0d 0a 74 69 63 6b')
    await terminal.type('x\r')
    await until(() => board.received().endsWith('x\r'))
    expect(board.received()).toBe('\x00\x01\xff\nx\r')
    await terminal.type('\x04')
    await terminal.ended
  })

  it('reaches a monitor that speaks frames', async () => {
    const terminal = openTerminal(['virtual:small'])
    await terminal.shows('connected to')
    await terminal.type('?\r')
    await terminal.shows('framed binary protocol')
    await terminal.type('\x04')
    await terminal.ended
  })
})
