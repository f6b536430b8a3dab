import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { detectBootLoader } from '@core/board/loaders/detect'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { openBoardSession } from '@main/board/boardSession'
import { bootMonitor } from '@main/board/load/boardBoot'
import { openQemuLink } from '@main/board/links/qemuLink'
import { resourcePath } from '@main/paths'
import { hasTool, sayskip } from '../support/ptyPair'

const uboot = '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf'
const opensbi = '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf'
const missing = [
  ...['qemu-system-riscv64', 'gdb-multiarch'].filter((tool) => !hasTool(tool)),
  ...([uboot, opensbi].every(existsSync) ? [] : ['u-boot-qemu and opensbi'])
]
if (missing.length > 0) sayskip('a board whose rdcycle traps', missing.join(' and '))

/** Runs the commands of GDB on the halted machine. */
function onMachine(socket: string, commands: string[]): void {
  execFileSync(
    'gdb-multiarch',
    [
      ...['-nx', '-batch', '-ex', 'set architecture riscv:rv64', '-ex', `target remote ${socket}`],
      ...commands.flatMap((command) => ['-ex', command]),
      ...['-ex', 'detach']
    ],
    { stdio: 'ignore', timeout: 300_000 }
  )
}

/**
 * OpenSBI lets supervisor mode read every counter, and reads `cycle` itself where it may not. A debugger takes the place of
 * firmware that does neither, after OpenSBI has started and before the monitor is loaded.
 */
describe.skipIf(missing.length > 0)(
  'a monitor in supervisor mode whose rdcycle counts nothing',
  { timeout: 600_000 },
  () => {
    it.each([
      {
        what: 'traps, and the PMU of the SBI gives another counter',
        cpu: 'rv64,sscofpmf=on',
        // Bit 0: cycle. Bit 2: illegal instructions go to supervisor mode.
        commands: ['set $mcounteren = $mcounteren & ~1', 'set $medeleg = $medeleg | 4'],
        source: { kind: 'sbi', stepCycles: 1, bits: 64 }
      },
      {
        what: 'traps, and the PMU of the SBI names that same counter',
        cpu: 'rv64',
        commands: ['set $mcounteren = $mcounteren & ~1', 'set $medeleg = $medeleg | 4'],
        source: undefined
      },
      {
        what: 'traps, and so does what the PMU of the SBI gives',
        cpu: 'rv64,sscofpmf=on',
        // Bit 1: U-Boot reads the time.
        commands: ['set $mcounteren = 2', 'set $medeleg = $medeleg | 4'],
        source: undefined
      }
    ])('$what', async ({ cpu, commands, source }) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-gdb-'))
      const socket = path.join(folder, 'gdb')
      const link = await openQemuLink({
        program: 'qemu-system-riscv64',
        boardArguments: [
          ...['-cpu', cpu, '-kernel', uboot, '-bios', opensbi],
          ...['-chardev', `socket,path=${socket},server=on,wait=off,id=gdb0`, '-gdb', 'chardev:gdb0']
        ],
        spawn,
        label: 'u-boot',
        countInstructions: false
      })
      const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
      try {
        expect((await session.converse(detectBootLoader())).kind).toBe('uboot')
        onMachine(socket, commands)
        const { info } = await bootMonitor(session, {
          loader: 'auto',
          description: null,
          readMonitor: async (name, ending = 'bin') =>
            new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
          nowMs: () => performance.now(),
          signal: new AbortController().signal,
          onProgress: () => undefined
        })
        expect(info.counters.cycles).toBe(source !== undefined)
        expect(info.cycleSource).toEqual(source)
        const item = { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [4, 8, 64] } as const
        const bench = { ...item, dims: [...item.dims], repetitions: 3, seed: 5 }
        const { cycles, checksum } = await session.bench(bench)
        expect(checksum).toBe(expectedChecksum(item, 5))
        if (source === undefined) expect(cycles).toEqual([])
        else expect(Math.min(...cycles)).toBeGreaterThan(100)
        expect((await session.reset()).cycleSource).toEqual(source)
      } finally {
        await link.close()
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }
)
