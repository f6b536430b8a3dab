import { readFile } from 'node:fs/promises'
import type { spawn as nodeSpawn } from 'node:child_process'
import path from 'node:path'
import { readNetworkAddress } from '../../core/board/network/address'
import type { CorePresetName } from '../../core/sim/boards/presets'
import type { PortSettings } from '../../shared/contract/board'
import { readDescribedMonitor } from '../../core/board/describedMonitor'
import type { FlashChipName } from '../../core/board/description/flashBoards'
import { shippedBoards } from '../../core/board/description/shippedBoards'
import { fillInLitexMonitor } from '../../core/board/litexMonitor'
import { describeLitexMachine } from '../../core/sim/boards/litexBoard'
import { monitorFor } from '../../core/board/monitorChoice'
import { isaOf } from '../../core/sim/boards/isa'
import { rtlCore } from '../../core/sim/boards/rtlCore'
import type { TwinFirmware } from '../../core/twin/monitorMachine'
import type { TwinMachine } from '../../core/twin/twinMachine'
import { AppError } from '../../shared/errors'
import type { Link } from './links/link'
import { openNetworkLink } from './links/network/networkLink'
import { qemuCores, type QemuCore } from './links/qemuCores'
import { openQemuLink } from './links/qemuLink'
import { openRtlLink } from './links/rtlLink'
import { listPorts, type PortEntry } from './ports/serialPorts'
import { type BoardToolAdapter, createBoardToolAdapter } from './tools/boardToolAdapter'
import { openVirtualLink } from './links/virtualLink'
import type { CoreCache } from './rtl/coreCache'
import type { RtlVariant } from './rtl/coreSources'

/** How the service reaches boards; tests put their own here. */
export interface BoardAdapters {
  /** A virtual board, with or without the Zbb extension. */
  openVirtual(preset: CorePresetName, zbb: boolean): Promise<Link>
  /** A measured core or a twin. */
  openMachine(machine: TwinMachine): Promise<Link>
  /** What twins count kernels with. */
  readTwinFirmware(): Promise<TwinFirmware>
  openQemu(core: QemuCore): Promise<Link>
  /** The core of resources/rtl under Verilator; the first time it is made, as a Job. */
  openRtl(variant: RtlVariant): Promise<Link>
  /** Why that core cannot be made on this machine; null where it can or is kept. */
  rtlObstacle(variant: RtlVariant): Promise<string | null>
  /** The virtual LiteX SoC, in its BIOS. */
  openLitex(): Promise<Link>
  /** A virtual microcontroller with the monitor in its flash, or what was written there since. */
  openFlashChip(chip: FlashChipName): Promise<Link>
  /** A serial port by its path, or a console on the network by its address. */
  openSerial(port: string, settings: PortSettings): Promise<Link>
  listPorts(): Promise<PortEntry[]>
  /** A flat monitor image (resources/firmware/build), by its name, or the list of the words in it that are addresses or read counters. */
  readMonitor(name: string, ending?: 'bin' | 'addresses' | 'counters'): Promise<Uint8Array>
  /** The QEMU program, or null where it is not installed. */
  findQemu(): Promise<string | null>
  /** Programs of others: bitstreams, debug probes. */
  tools: BoardToolAdapter
}

/** Files and programs that links to boards need. */
export interface AdapterOptions {
  /** The ELF of the plain monitor (resources/firmware/build/monitor.elf); those for other cores lie beside it. */
  firmwareFile: string
  /** Built virtualBoardWorker entry. */
  workerFile: string
  spawn: typeof nodeSpawn
  /** Where virtual microcontrollers keep their flash. */
  flashFolder: string
  /** The verilated cores. */
  cores: CoreCache
  /** Finds an executable on the PATH. */
  findProgram: (names: string[]) => Promise<string | null>
}

/** Returns how each kind of board is found and opened. */
export function createBoardAdapters(options: AdapterOptions): BoardAdapters {
  const findQemu = (): Promise<string | null> => options.findProgram(['qemu-system-riscv32'])
  const inFirmware = (file: string): string => path.join(path.dirname(options.firmwareFile), file)
  const monitorFile = (isa: string): string => inFirmware(`${monitorFor(isa)}.elf`)
  const readMonitor: BoardAdapters['readMonitor'] = (name, ending = 'bin') =>
    readFirmware(inFirmware(`${name}.${ending}`))
  const readTwinFirmware = async (): Promise<TwinFirmware> => ({
    litexImage: await readMonitor('monitor-litex'),
    monitorElf: await readFirmware(monitorFile('rv32imac'))
  })
  return {
    tools: createBoardToolAdapter(options),
    findQemu,
    async openVirtual(preset, zbb) {
      const firmware = await readFirmware(monitorFile(zbb ? 'rv32imac_zbb' : 'rv32imac'))
      return await openVirtualLink({ preset, zbb, firmware, workerFile: options.workerFile })
    },
    async openQemu(core) {
      const { isa, xlen, cpu } = qemuCores[core]
      const program = await options.findProgram([`qemu-system-riscv${xlen}`])
      if (program === null) {
        throw new AppError(
          'tool.missing',
          'QEMU for RISC-V is not installed.',
          'Debian: apt install qemu-system-misc'
        )
      }
      const file = monitorFile(isa)
      await readFirmware(file)
      return await openQemuLink({
        program,
        // As a device, because -kernel would start a monitor that is not linked for the start of RAM where RAM starts.
        boardArguments: ['-cpu', cpu, '-bios', 'none', '-device', `loader,file=${qemuText(file)},cpu-num=0`],
        spawn: options.spawn
      })
    },
    rtlObstacle: (variant) => options.cores.obstacle(variant),
    async openRtl(variant) {
      const image =
        variant === 'icebreaker'
          ? null
          : monitorFile(isaOf(rtlCore(variant === 'xbb'))).replace(/\.elf$/, '.bin')
      if (image !== null) await readFirmware(image)
      const program = await options.cores.program(variant)
      return await openRtlLink({ program, image, spawn: options.spawn, label: `rtl:${variant}` })
    },
    async openMachine({ config, form }) {
      const { litexImage, monitorElf } = await readTwinFirmware()
      const firmware =
        config.plain === true
          ? await readFirmware(monitorFile(isaOf(config)))
          : form === 'rv32im'
            ? fillInLitexMonitor(litexImage, describeLitexMachine(config))
            : monitorElf
      return await openVirtualLink({ machine: config, firmware, workerFile: options.workerFile })
    },
    readTwinFirmware,
    async openLitex() {
      return await openVirtualLink({ preset: 'litex', firmware: null, workerFile: options.workerFile })
    },
    async openFlashChip(chip) {
      const { image } = await readDescribedMonitor(shippedBoards[chip], readMonitor)
      const flash = { chip, file: path.join(options.flashFolder, `${chip}.bin`) }
      return await openVirtualLink({ flash, firmware: image, workerFile: options.workerFile })
    },
    readMonitor,
    ...serialPorts
  }
}

/** Ports of this machine and of the network. */
const serialPorts: Pick<BoardAdapters, 'openSerial' | 'listPorts'> = {
  async openSerial(port, settings) {
    const address = readNetworkAddress(port)
    if (address !== null) return await openNetworkLink({ address, ...settings })
    // Loaded on first use: a machine without the native binding still has its virtual boards.
    const { openSerialLink } = await import('./links/serialLink')
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

/** A comma ends a value in QEMU's option lists; two stand for one. */
const qemuText = (value: string): string => value.replaceAll(',', ',,')

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
