import path from 'node:path'
import type { Board } from '../../shared/contract/board'
import { AppError } from '../../shared/errors'
import { formatBytes, formatCount } from '../../shared/units'
import { addressOption } from './boardAddress'
import { boardTwinVerb } from './boardTwin'
import { boardToolVerbs, loadText } from './boardTools'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from './framework'
import { createLocalClient, createProgressLine, type LocalClient } from './localClient'

const lineOptions = {
  baud: { type: 'string', help: 'speed of a serial port (115200)' },
  dtr: { type: 'string', help: 'DTR on open: leave, on or off' },
  rts: { type: 'string', help: 'RTS on open: leave, on or off' }
} as const

/** `bitbench board`: what boards there are, what they say of themselves, their console, and loading files. */
export const boardCli: CliNoun = {
  noun: 'board',
  summary: 'boards: list, identify, listen and type, load files, bitstreams, debug probes',
  verbs: {
    list: {
      summary: 'Lists virtual boards, QEMU, serial ports with a guess of what they are, and saved boards.',
      usage: '',
      options: {},
      async run(_args, context) {
        const client = createLocalClient(await context.bitbench(), context.signal)
        const { boards } = await client.call('board.list', {})
        const lines = boards.map(
          (board) =>
            `${board.id.padEnd(16)} ${board.state.padEnd(12)} ${board.description}${board.reason === null ? '' : ` (${board.reason})`}`
        )
        return { json: { boards }, text: lines.join('\n') }
      }
    },
    info: {
      summary: 'Connects a board and shows what its monitor says: core, ISA, memory, counters, kernels.',
      usage: 'BOARD [--baud N] [--dtr leave|on|off] [--rts leave|on|off]',
      options: lineOptions,
      async run(args, context) {
        const client = createLocalClient(await context.bitbench(), context.signal)
        const { board } = await connect(client, args)
        return { json: { board }, text: infoText(board) }
      }
    },
    console: {
      summary:
        'Shows what the board sends and sends what is typed, line by line, until Ctrl-C or end of input.',
      usage: 'BOARD [--baud N] [--seconds S] [--send TEXT] [--raw]',
      options: {
        ...lineOptions,
        seconds: { type: 'string', help: 'end after so long' },
        send: { type: 'string', help: 'send this text first' },
        raw: { type: 'boolean', help: 'only open the line; do not ask for a Bitbench monitor' }
      },
      async run(args, context) {
        const client = createLocalClient(await context.bitbench(), context.signal)
        const { board } = await connect(client, args, args.values['raw'] !== true)
        const seconds = numberOption(args, 'seconds', { min: 0 })
        const received = await listen(client, board.id, context, textOption(args, 'send'), seconds)
        return { json: { board: board.id, received }, text: context.json ? received : '' }
      }
    },
    load: {
      summary: 'Carries a file (ELF, or a flat binary with --address) to the board and verifies it.',
      usage: 'BOARD FILE [--loader monitor|sfl|ymodem|xmodem] [--address HEX] [--start]',
      options: {
        ...lineOptions,
        loader: {
          type: 'string',
          help: 'monitor (Bitbench), sfl (LiteX BIOS), ymodem or xmodem (U-Boot)',
          default: 'monitor'
        },
        address: { type: 'string', help: 'where a flat binary goes, e.g. 0x80100000' },
        start: { type: 'boolean', help: 'start it afterwards' }
      },
      async run(args, context) {
        const loader = choiceOption(args, 'loader', ['monitor', 'sfl', 'ymodem', 'xmodem']) ?? 'monitor'
        const file = args.positionals[1]
        if (file === undefined) throw new UsageError('a file is missing')
        const client = createLocalClient(await context.bitbench(), context.signal)
        const { board } = await connect(client, args, loader === 'monitor')
        const { jobId } = await client.call('board.load', {
          id: board.id,
          file: { path: path.resolve(context.cwd, file) },
          loader,
          address: addressOption(args),
          start: args.values['start'] === true
        })
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const { loads } = await client.call('board.loads', {})
        const load = loads.find((one) => one.jobId === jobId)
        if (load === undefined)
          throw new AppError('internal', 'The load left no result.', 'Report this with the log file.')
        return {
          json: load,
          text: loadText(load)
        }
      }
    },
    boot: {
      summary:
        'Makes a board in its boot loader (LiteX BIOS, U-Boot) a Bitbench board: monitor, start, hello.',
      usage: 'BOARD [--loader auto|sfl|ymodem|xmodem] [--soc csr.csv]',
      options: {
        ...lineOptions,
        loader: { type: 'string', help: 'auto finds out which boot loader it is', default: 'auto' },
        soc: { type: 'string', help: 'csr.csv or csr.json that LiteX wrote: where the UART and RAM are' }
      },
      async run(args, context) {
        const loader = choiceOption(args, 'loader', ['auto', 'sfl', 'ymodem', 'xmodem']) ?? 'auto'
        const soc = textOption(args, 'soc')
        const client = createLocalClient(await context.bitbench(), context.signal)
        const { board } = await connect(client, args, false)
        const { jobId } = await client.call('board.boot', {
          id: board.id,
          loader,
          soc: soc === undefined ? null : { path: path.resolve(context.cwd, soc) }
        })
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const { loads } = await client.call('board.loads', {})
        const load = loads.find((one) => one.jobId === jobId)!
        const { board: booted } = await client.call('board.get', { id: board.id })
        return { json: { load, board: booted }, text: `${loadText(load)}\n${infoText(booted)}` }
      }
    },
    twin: boardTwinVerb,
    ...boardToolVerbs
  }
}

/** Connects the board named by the first positional. */
async function connect(client: LocalClient, args: CliArguments, identify = true): Promise<{ board: Board }> {
  const id = args.positionals[0]
  if (id === undefined) throw new UsageError('a board is missing, e.g. virtual:small or /dev/ttyUSB0')
  const baudRate = numberOption(args, 'baud', { min: 50, max: 12_000_000, integer: true })
  const levels = ['leave', 'on', 'off'] as const
  const dtr = choiceOption(args, 'dtr', levels)
  const rts = choiceOption(args, 'rts', levels)
  return await client.call('board.connect', {
    id,
    identify,
    settings: {
      ...(baudRate === undefined ? {} : { baudRate }),
      ...(dtr === undefined ? {} : { dtr }),
      ...(rts === undefined ? {} : { rts })
    }
  })
}

/** Prints console traffic as it comes; answers all of it. */
async function listen(
  client: LocalClient,
  id: string,
  context: CliContext,
  first: string | undefined,
  seconds: number | undefined
): Promise<string> {
  const pieces: string[] = []
  let after = 0
  const poll = async (): Promise<void> => {
    const { chunks } = await client.call('board.console', { id, after })
    for (const chunk of chunks) {
      after = chunk.sequence
      if (chunk.direction === 'note') context.log(`-- ${chunk.text}`)
      if (chunk.direction !== 'received') continue
      pieces.push(chunk.text)
      if (!context.json) process.stdout.write(chunk.text)
    }
  }
  const send = (text: string): Promise<unknown> => client.call('board.sendText', { id, text })
  const input = process.stdin
  let hasEnded = false
  const onLine = (data: Buffer): void =>
    void send(data.toString('utf8')).catch((error: unknown) => context.log(AppError.from(error).message))
  const onEnd = (): void => void (hasEnded = true)
  if (first !== undefined) await send(first)
  input.on('data', onLine)
  input.once('end', onEnd)
  const endMs = performance.now() + (seconds ?? Infinity) * 1000
  try {
    while (!context.signal.aborted && performance.now() < endMs && !(hasEnded && seconds === undefined)) {
      await poll()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await poll()
  } finally {
    input.off('data', onLine)
    input.off('end', onEnd)
    input.pause()
  }
  return pieces.join('')
}

function infoText(board: Board): string {
  const { info } = board
  if (info === null) return `${board.id}: not identified`
  const pairs = info.kernels.filter((entry) => entry.kernel === 'matmul').length
  const rows: [string, string][] = [
    ['Board', `${board.name} (${board.kind})`],
    ['Core', info.coreName],
    ['ISA', info.isa],
    ['Clock', info.clockHz === null ? 'unknown' : formatCount(info.clockHz, 'Hz')],
    [
      'RAM',
      `0x${info.ram.low.toString(16)} to 0x${info.ram.high.toString(16)} (${formatBytes(info.ram.high - info.ram.low)})`
    ],
    ['Counts', `${board.unit} (${board.origin})`],
    ['Firmware', `${info.buildText}, build ${info.buildId.toString(16).padStart(8, '0')}`],
    ['Kernels', `${info.kernels.length} entries, matmul at ${pairs} bit pairs`]
  ]
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n')
}
