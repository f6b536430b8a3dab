import { readFile } from 'node:fs/promises'
import type { spawn as nodeSpawn } from 'node:child_process'
import type { PresetName } from '../../core/sim/presets'
import type { PortSettings } from '../../shared/contract/board'
import { AppError } from '../../shared/errors'
import type { Link } from './link'
import { openQemuLink } from './qemuLink'
import { listPorts, type PortEntry } from './serialPorts'
import { type BoardToolAdapter, createBoardToolAdapter } from './tools/boardToolAdapter'
import { openVirtualLink } from './virtualLink'

/** How the service reaches boards; tests put their own here. */
export interface BoardAdapters {
  openVirtual(preset: PresetName): Promise<Link>
  openQemu(): Promise<Link>
  openSerial(port: string, settings: PortSettings): Promise<Link>
  listPorts(): Promise<PortEntry[]>
  /** The QEMU program, or null where it is not installed. */
  findQemu(): Promise<string | null>
  /** Programs of others: bitstreams, debug probes. */
  tools: BoardToolAdapter
}

export interface AdapterOptions {
  /** The monitor's ELF (resources/firmware/build/monitor.elf). */
  firmwareFile: string
  /** Built virtualBoardWorker entry. */
  workerFile: string
  spawn: typeof nodeSpawn
  /** Finds an executable on the PATH. */
  findProgram: (names: string[]) => Promise<string | null>
}

export function createBoardAdapters(options: AdapterOptions): BoardAdapters {
  const findQemu = (): Promise<string | null> => options.findProgram(['qemu-system-riscv32'])
  return {
    tools: createBoardToolAdapter(options),
    findQemu,
    async openVirtual(preset) {
      const firmware = await readFirmware(options.firmwareFile)
      return await openVirtualLink({ preset, firmware, workerFile: options.workerFile })
    },
    async openQemu() {
      const program = await findQemu()
      if (program === null) {
        throw new AppError(
          'tool.missing',
          'QEMU for RISC-V is not installed.',
          'Debian: apt install qemu-system-misc'
        )
      }
      await readFirmware(options.firmwareFile)
      return await openQemuLink({
        program,
        boardArguments: ['-bios', 'none', '-kernel', options.firmwareFile],
        spawn: options.spawn
      })
    },
    async openSerial(port, settings) {
      // Loaded on first use: a machine without the native binding still has its virtual boards.
      const { openSerialLink } = await import('./serialLink')
      return await openSerialLink({ port, baudRate: settings.baudRate, dtr: settings.dtr, rts: settings.rts })
    },
    listPorts: () =>
      listPorts({
        async native() {
          const { SerialPort } = await import('serialport')
          return await SerialPort.list()
        },
        sysFolder: process.platform === 'linux' ? '/sys/class/tty' : null
      })
  }
}

async function readFirmware(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    throw new AppError(
      'data.missing',
      `The monitor firmware ${file} is missing.`,
      'Run npm run firmware, or restore the file from the repository.',
      {
        cause
      }
    )
  }
}
