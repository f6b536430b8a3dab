import path from 'node:path'
import type { FpgaTarget } from '../../../shared/contract/board/boardTools'
import type { LoadRecord } from '../../../shared/contract/board/boardFiles'
import { formatBytes, formatDuration, formatHex32 } from '../../../shared/units'
import { lineOptions, openLine } from './boardLine'
import { addressOption } from './boardAddress'
import {
  choiceOption,
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliResult,
  type CliVerb
} from '../framework/framework'
import { clientOf, createProgressLine, type LocalClient } from '../framework/localClient'

const targetOptions = {
  'fpga-board': { type: 'string', help: 'board by the name openFPGALoader gives it, e.g. arty_a7_35t' },
  cable: { type: 'string', help: 'cable by the name openFPGALoader gives it, e.g. ft2232' },
  serial: { type: 'string', help: 'USB serial number of one of several equal cables' },
  xvc: { type: 'string', help: 'HOST:PORT of a Xilinx Virtual Cable server' }
} as const

/** `bitbench board tools|detect|bitstream|debug-load`: boards by way of openFPGALoader, OpenOCD and GDB. */
export const boardToolVerbs: Record<string, CliVerb> = {
  tools: {
    summary:
      'Shows openFPGALoader, OpenOCD and GDB as found here, with the boards, cables and scripts they know.',
    usage: '',
    options: {},
    async run(_args, context) {
      const client = await clientOf(context)
      const found = await client.call('board.tools', {})
      const programs = found.tools.map(
        ({ name, path: file, version, purpose, hint }) =>
          `${name.padEnd(15)} ${file === null ? `absent: ${hint}` : `${version ?? 'version unknown'} at ${file}`}; ${purpose}`
      )
      const names = [
        `FPGA boards: ${found.fpgaBoards.map(({ name }) => name).join(' ') || 'none'}`,
        `Cables: ${found.fpgaCables.join(' ') || 'none'}`,
        `OpenOCD scripts: ${found.debugScripts.length} (board/, interface/, target/)`
      ]
      return { json: found, text: [...programs, ...names].join('\n') }
    }
  },
  detect: {
    summary: 'Asks the JTAG chain behind a cable which FPGA is there.',
    usage: '--fpga-board NAME | --cable NAME [--serial S] | --xvc HOST:PORT',
    options: targetOptions,
    async run(args, context) {
      const client = await clientOf(context)
      const { devices } = await client.call('board.detectFpga', { target: targetOption(args) })
      const lines = devices.map(
        ({ idcode, manufacturer, family, model }) =>
          `${model} (${manufacturer} ${family}), IDCODE ${formatHex32(idcode)}`
      )
      return { json: { devices }, text: lines.join('\n') || 'no device in the chain' }
    }
  },
  bitstream: {
    summary:
      'Configures an FPGA with openFPGALoader; with --then a boot loader carries a program afterwards.',
    usage:
      'FILE --fpga-board NAME | --cable NAME | --xvc HOST:PORT [--flash] [--board PORT [--baud N] --then FILE [--loader sfl]]',
    options: {
      ...targetOptions,
      flash: { type: 'boolean', help: 'into the flash, for good, instead of SRAM' },
      ...lineOptions,
      part: { type: 'string', help: 'exact FPGA part, where writing its flash needs it' },
      board: { type: 'string', help: 'port on which the new design speaks' },
      then: { type: 'string', help: 'program that is loaded as soon as the design runs' },
      loader: { type: 'string', help: 'sfl (LiteX BIOS), ymodem or xmodem (U-Boot)', default: 'sfl' },
      address: { type: 'string', help: 'where a flat binary goes, e.g. 0x40000000' },
      'no-start': { type: 'boolean', help: 'do not start the program' }
    },
    async run(args, context) {
      const then = textOption(args, 'then')
      const id = textOption(args, 'board') ?? null
      if (then !== undefined && id === null)
        throw new UsageError('--then needs --board, the port to load over')
      const loader = choiceOption(args, 'loader', ['sfl', 'ymodem', 'xmodem']) ?? 'sfl'
      const client = await clientOf(context)
      if (id !== null && then !== undefined) await openLine(client, id, args)
      const { jobId } = await client.call('board.bitstream', {
        file: fileArgument(args, context),
        target: targetOption(args),
        memory: args.values['flash'] === true ? 'flash' : 'sram',
        part: textOption(args, 'part') ?? null,
        id,
        then:
          then === undefined
            ? null
            : {
                file: { path: path.resolve(context.cwd, then) },
                loader,
                address: addressOption(args),
                start: args.values['no-start'] !== true
              }
      })
      return await loadsOf(client, jobId, context)
    }
  },
  'debug-load': {
    summary:
      'Writes a program over a debug probe (OpenOCD) or through a GDB server, compares it and starts it.',
    usage:
      'FILE --gdb HOST:PORT | --openocd SCRIPT [--openocd SCRIPT] [--reset] [--flash] [--halt] [--board PORT [--baud N]]',
    options: {
      ...lineOptions,
      gdb: { type: 'string', help: 'HOST:PORT of a GDB server' },
      openocd: {
        type: 'string',
        multiple: true,
        help: 'board/NAME.cfg, or interface/NAME.cfg and target/NAME.cfg, or a path; may be repeated'
      },
      reset: { type: 'boolean', help: 'reset the core first (OpenOCD); undoes what a boot loader set up' },
      flash: { type: 'boolean', help: 'into the flash of the chip (OpenOCD), instead of memory' },
      address: { type: 'string', help: 'where a flat binary goes' },
      halt: { type: 'boolean', help: 'leave the core halted' },
      board: {
        type: 'string',
        help: 'port on which the program will speak; it is then identified with hello'
      }
    },
    async run(args, context) {
      const server = textOption(args, 'gdb')
      const scripts = repeatedOption(args, 'openocd')
      if ((server === undefined) === (scripts.length === 0)) {
        throw new UsageError('give either --gdb HOST:PORT or --openocd SCRIPT')
      }
      const isIntoFlash = args.values['flash'] === true
      if (isIntoFlash && server !== undefined)
        throw new UsageError('--flash is of OpenOCD; a GDB server is given memory alone')
      const client = await clientOf(context)
      const id = textOption(args, 'board') ?? null
      if (id !== null) await openLine(client, id, args)
      const { jobId } = await client.call('board.debugLoad', {
        route:
          server === undefined
            ? {
                kind: 'openocd',
                configs: scripts,
                reset: args.values['reset'] === true,
                flash: isIntoFlash
              }
            : { kind: 'gdb', server },
        file: fileArgument(args, context),
        address: addressOption(args),
        start: args.values['halt'] !== true,
        id
      })
      return await loadsOf(client, jobId, context)
    }
  }
}

function fileArgument(args: CliArguments, context: CliContext): { path: string } {
  const file = args.positionals[0]
  if (file === undefined) throw new UsageError('a file is missing')
  return { path: path.resolve(context.cwd, file) }
}

function targetOption(args: CliArguments): FpgaTarget {
  const [board, cable, xvc] = ['fpga-board', 'cable', 'xvc'].map((name) => textOption(args, name))
  if ([board, cable, xvc].filter((text) => text !== undefined).length !== 1) {
    throw new UsageError('give one of --fpga-board, --cable and --xvc')
  }
  if (board !== undefined) return { kind: 'board', name: board }
  if (xvc !== undefined) return { kind: 'xvc', server: xvc }
  return { kind: 'cable', name: cable!, serial: textOption(args, 'serial') ?? null }
}

/** Waits for the job and returns the loads it recorded, in order. */
async function loadsOf(client: LocalClient, jobId: string, context: CliContext): Promise<CliResult> {
  await client.finish(jobId, createProgressLine(context.log, process.stderr))
  const { loads } = await client.call('board.loads', {})
  const own = loads.filter((load) => load.jobId === jobId).reverse()
  return { json: { loads: own }, text: own.map(loadText).join('\n') }
}

/** One line about a finished load. */
export function loadText({ fileName, result, sizeBytes, durationMs, bytesPerSecond }: LoadRecord): string {
  return `${fileName}: ${result}; ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)} (${formatBytes(bytesPerSecond)}/s)`
}
