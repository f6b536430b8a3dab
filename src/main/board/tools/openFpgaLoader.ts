import type { spawn as nodeSpawn } from 'node:child_process'
import path from 'node:path'
import { fitsDevice, inspectBitstream } from '../../../core/board/tools/bitstream'
import {
  createOpenFpgaLoaderOutput,
  type DetectedFpga,
  parseDetect,
  parseNameTable
} from '../../../core/board/tools/openFpgaLoader'
import type { FpgaTarget } from '../../../shared/contract/board/boardTools'
import { AppError } from '../../../shared/errors'
import { formatBytes, formatHex } from '../../../shared/units'
import { withToolFile } from './toolFile'
import { startTool } from './toolProcess'

/** How a bitstream is loaded. */
export interface BitstreamOptions {
  spawn: typeof nodeSpawn
  program: string
  target: FpgaTarget
  /** `sram`: until power goes; `flash`: for good. */
  memory: 'sram' | 'flash'
  /** The exact part, which writing the flash of some FPGAs needs. */
  part: string | null
  signal: AbortSignal
  onProgress: (doneBytes: number, note: string) => void
}

const silenceMs = 60_000
/** Erasing and writing a slow SPI flash. */
const limitMs = 15 * 60_000
const listLimitMs = 10_000

/**
 * Configures an FPGA with openFPGALoader. The IDCODE of the chip in the chain is read first: openFPGALoader writes a
 * bitstream for another device without complaint.
 *
 * @throws input.invalid (no bitstream), board.wrongBoard (made for another device), board.notFound, board.permission,
 *   board.disconnected, board.crcMismatch, tool.failed, board.timeout, job.cancelled
 */
export async function writeBitstream(
  file: { name: string; bytes: Uint8Array },
  options: BitstreamOptions
): Promise<{ device: DetectedFpga | null; result: string }> {
  const { target, memory, part, onProgress } = options
  const info = inspectBitstream(path.basename(file.name), file.bytes)
  onProgress(0, 'asking the chain for its chip')
  const devices = await detectFpga(options)
  for (const device of info.part === null ? [] : devices) {
    if (fitsDevice(info.part!, device.model) === false) {
      throw new AppError(
        'board.wrongBoard',
        `${path.basename(file.name)} was made for ${info.part}; the chip on the cable is ${device.model} (IDCODE ${formatHex(device.idcode)}).`,
        'Choose the bitstream for this board; nothing was written.',
        { details: { part: info.part, device } }
      )
    }
  }
  const result = await withToolFile(`design.${info.format}`, file.bytes, async (design) => {
    const output = createOpenFpgaLoaderOutput()
    const memoryArguments = memory === 'flash' ? ['--write-flash', '--verify'] : ['--write-sram']
    const partArguments = part === null ? [] : ['--fpga-part', part]
    const tool = startTool({
      spawn: options.spawn,
      program: options.program,
      args: [...targetArguments(target), ...memoryArguments, ...partArguments, design],
      signal: options.signal,
      silenceMs,
      limitMs,
      onLine(line) {
        const progress = output.line(line)
        if (progress !== null) onProgress(progress.fraction * info.sizeBytes, progress.note)
      }
    })
    const failure = output.failure(await tool.ended)
    if (failure !== null) throw failure
    const where = memory === 'flash' ? 'in flash, verified' : 'in SRAM, until power goes'
    return `${formatBytes(info.sizeBytes)} ${where}`
  })
  const device = devices[0] ?? null
  return { device, result: device === null ? result : `${device.model}: ${result}` }
}

/** Chips in the JTAG chain behind a cable; none for cables without a chain (DFU, SPI). */
export async function detectFpga(
  options: Pick<BitstreamOptions, 'spawn' | 'program' | 'target' | 'signal'>
): Promise<DetectedFpga[]> {
  const lines: string[] = []
  const output = createOpenFpgaLoaderOutput()
  const tool = startTool({
    spawn: options.spawn,
    program: options.program,
    args: [...targetArguments(options.target), '--detect'],
    signal: options.signal,
    silenceMs,
    limitMs: silenceMs,
    onLine(line) {
      lines.push(line)
      output.line(line)
    }
  })
  const code = await tool.ended
  const devices = parseDetect(lines.join('\n'))
  if (code === 0) return devices
  throw output.failure(code)!
}

/** The boards and cables that this version knows. */
export async function listFpgaNames(
  options: Pick<BitstreamOptions, 'spawn' | 'program'>
): Promise<{ boards: { name: string; cable: string | null }[]; cables: string[] }> {
  const table = async (option: string): Promise<{ name: string; value: string }[]> => {
    const lines: string[] = []
    const tool = startTool({
      spawn: options.spawn,
      program: options.program,
      args: [option],
      signal: new AbortController().signal,
      silenceMs: listLimitMs,
      limitMs: listLimitMs,
      onLine: (line) => lines.push(line)
    })
    return (await tool.ended) === 0 ? parseNameTable(lines.join('\n')) : []
  }
  const [boards, cables] = await Promise.all([table('--list-boards'), table('--list-cables')])
  return {
    boards: boards.map(({ name, value }) => ({ name, cable: value === '' ? null : value })),
    cables: cables.map(({ name }) => name)
  }
}

function targetArguments(target: FpgaTarget): string[] {
  switch (target.kind) {
    case 'board':
      return ['--board', target.name]
    case 'cable':
      return ['--cable', target.name, ...(target.serial === null ? [] : ['--ftdi-serial', target.serial])]
    case 'xvc': {
      const at = target.server.lastIndexOf(':')
      return [
        '--cable',
        'xvc-client',
        '--ip',
        target.server.slice(0, at),
        '--port',
        target.server.slice(at + 1)
      ]
    }
  }
}
