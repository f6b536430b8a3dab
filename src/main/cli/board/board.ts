import path from 'node:path'
import type { Board } from '../../../shared/contract/board'
import { bootLoaderNameSchema } from '../../../shared/contract/board/boardBoot'
import { loaderNameSchema } from '../../../shared/contract/board/boardFiles'
import { AppError } from '../../../shared/errors'
import { countOf, formatBytes, formatCount, formatDuration, formatHex } from '../../../shared/units'
import { addressOption } from './boardAddress'
import { boardConsoleVerb } from './boardConsole'
import { boardDescribeVerb } from './boardDescribe'
import { connect, lineOptions } from './boardLine'
import { boardMlperfVerb } from './boardMlperf'
import { boardTwinVerb } from './boardTwin'
import { boardToolVerbs, loadText } from './boardTools'
import { choiceOption, textOption, UsageError, type CliNoun } from '../framework/framework'
import { clientOf, createProgressLine } from '../framework/localClient'

/** `bitbench board`: what boards there are, what they say of themselves, their console, and loading files. */
export const boardCli: CliNoun = {
  noun: 'board',
  verbs: {
    list: {
      summary: 'Lists virtual boards, QEMU, serial ports with a guess of what they are, and saved boards.',
      usage: '',
      options: {},
      async run(_args, context) {
        const client = await clientOf(context)
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
        const client = await clientOf(context)
        const { board } = await connect(client, args)
        return { json: { board }, text: infoText(board) }
      }
    },
    'test-line': {
      summary: 'Times echoes over the line of a board and says what delays them.',
      usage: 'BOARD [--baud N]',
      options: lineOptions,
      async run(args, context) {
        const client = await clientOf(context)
        const { board } = await connect(client, args)
        const result = await client.call('board.testLine', { id: board.id })
        const { echoes, latencyMs, verdict } = result
        const lines = echoes.map(
          ({ sizeBytes, medianMs, lineMs }) =>
            `echo of ${formatBytes(sizeBytes).padEnd(8)} ${formatDuration(medianMs)}, of which the line ${formatDuration(lineMs)}`
        )
        if (latencyMs !== null) lines.push(`round trip to the server ${formatDuration(latencyMs)}`)
        lines.push(verdict.text, ...(verdict.hint === null ? [] : [verdict.hint]))
        return {
          json: { board: board.id, ...result },
          text: lines.join('\n'),
          exitCode: verdict.isGood ? 0 : 1
        }
      }
    },
    console: boardConsoleVerb,
    mlperf: boardMlperfVerb,
    load: {
      summary: 'Carries a file (ELF, or a flat binary with --address) to the board and verifies it.',
      usage: 'BOARD FILE [--loader monitor|sfl|ymodem|xmodem|kermit|esp|stm|wch] [--address HEX] [--start]',
      options: {
        ...lineOptions,
        loader: {
          type: 'string',
          help: 'monitor (Bitbench), sfl (LiteX BIOS), ymodem, xmodem or kermit (U-Boot), esp (ROM of ESP32-C3, C6)',
          default: 'monitor'
        },
        address: { type: 'string', help: 'where a flat binary goes, e.g. 0x80100000' },
        start: { type: 'boolean', help: 'start it afterwards' }
      },
      async run(args, context) {
        const loader = choiceOption(args, 'loader', loaderNameSchema.options) ?? 'monitor'
        const file = args.positionals[1]
        if (file === undefined) throw new UsageError('a file is missing')
        const client = await clientOf(context)
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
        'Makes a board in its boot loader (LiteX BIOS, U-Boot, ROM of ESP32-C3, C6, GD32VF103 or CH32V307) a Bitbench board: monitor, start, hello.',
      usage:
        'BOARD [--loader auto|sfl|ymodem|xmodem|kermit|esp|stm|wch] [--soc csr.csv | --description FILE]',
      options: {
        ...lineOptions,
        loader: {
          type: 'string',
          help: 'auto finds out which boot loader it is; esp resets an ESP32 into its ROM; stm and wch write the flash of a GD32VF103 or CH32V307',
          default: 'auto'
        },
        soc: {
          type: 'string',
          help: 'csr.csv, csr.json or soc.json that LiteX wrote: where the UART and RAM are'
        },
        description: {
          type: 'string',
          help: 'any file that describes the board: JSON of `board describe`, a device tree, or what LiteX wrote'
        }
      },
      async run(args, context) {
        const loader = choiceOption(args, 'loader', bootLoaderNameSchema.options) ?? 'auto'
        const soc = textOption(args, 'soc')
        const file = textOption(args, 'description') ?? soc
        if (soc !== undefined && file !== soc)
          throw new UsageError('--soc and --description both describe the board; give one')
        const client = await clientOf(context)
        const { board } = await connect(client, args, false)
        const { jobId } = await client.call('board.boot', {
          id: board.id,
          loader,
          description: file === undefined ? null : { path: path.resolve(context.cwd, file) }
        })
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const { loads } = await client.call('board.loads', {})
        const load = loads.find((one) => one.jobId === jobId)!
        const { board: booted } = await client.call('board.get', { id: board.id })
        return { json: { load, board: booted }, text: `${loadText(load)}\n${infoText(booted)}` }
      }
    },
    describe: boardDescribeVerb,
    twin: boardTwinVerb,
    ...boardToolVerbs
  }
}

/** What its figures are; nothing where the monitor can read no counter. */
function countsText({ info, unit, origin }: Board): string {
  if (info !== null && !info.counters.cycles && !info.counters.instructions)
    return info.clockHz === null || origin !== 'measured'
      ? 'nothing: the monitor can read no counter'
      : 'nothing: kernels are timed by the host’s clock'
  const source = info?.cycleSource
  if (source === undefined || unit !== 'cycles') return `${unit} (${origin})`
  if (source.kind === 'sbi') return `cycles by the PMU of the SBI (${origin})`
  if (source.kind === 'csr') return `cycles by a CSR of the core (${origin})`
  return `cycles by a timer, in steps of up to ${countOf(source.stepCycles, 'cycle')} (${origin})`
}

/** Of a monitor that executes in place: the flash behind it. */
function flashRow(flash: NonNullable<Board['info']>['flash']): [string, string][] {
  if (flash === undefined) return []
  const { low, high } = flash
  return [['Flash', `${formatHex(low)} to ${formatHex(high)} (${formatBytes(high - low)}) for a network`]]
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
      `${formatHex(info.ram.low)} to ${formatHex(info.ram.high)} (${formatBytes(info.ram.high - info.ram.low)})`
    ],
    ...flashRow(info.flash),
    ['Counts', countsText(board)],
    ['Firmware', `${info.buildText}, build ${info.buildId.toString(16).padStart(8, '0')}`],
    ['Kernels', `${info.kernels.length} entries, matmul at ${pairs} bit pairs`]
  ]
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n')
}
