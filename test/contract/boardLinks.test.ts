import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { encodeFrame, FrameDecoder } from '@core/board/frame'
import { opcodes } from '@core/board/protocol'
import { createPacedLink } from '@main/board/links/pacedLink'
import { openQemuLink } from '@main/board/links/qemuLink'
import { openRtlLink } from '@main/board/links/rtlLink'
import { openVirtualLink } from '@main/board/links/virtualLink'
import { resourcePath } from '@main/paths'
import { virtualBoardWorker } from '../support/boardBench'
import { hasTool, sayskip } from '../support/ptyPair'
import { verilatedProgram } from '../support/rtl/verilated'
import { describeLink, type LinkSuite } from './linkSuite'

/** The same suite over the boards themselves: the far end is the monitor, asked in text and by echo frames. */
const firmwareFile = resourcePath('firmware', 'build', 'monitor.elf')
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + 3) & 0xff)
const speaking: Pick<LinkSuite, 'ask' | 'isAnswer' | 'stream'> = {
  ask: new TextEncoder().encode('?'),
  isAnswer: (received) => /RAM 0x[0-9a-f]+-0x[0-9a-f]+/.test(Buffer.from(received).toString('latin1')),
  stream: {
    ask: (length) => encodeFrame(length & 0xff, opcodes.echo, pattern(length)),
    isAnswer: (received, length) =>
      new FrameDecoder()
        .push(received)
        .some(
          (piece) =>
            piece.kind === 'frame' && Buffer.compare(piece.frame.payload.subarray(1), pattern(length)) === 0
        ),
    lengths: [1, 100, 1_024]
  }
}

const openVirtual = async () =>
  await openVirtualLink({
    preset: 'small',
    firmware: new Uint8Array(readFileSync(firmwareFile)),
    workerFile: await virtualBoardWorker()
  })

describeLink({ ...speaking, name: 'virtual board', open: async () => ({ link: await openVirtual() }) })

describeLink({
  ...speaking,
  name: 'virtual board paced at 921600 baud',
  open: async () => ({ link: createPacedLink(await openVirtual(), 921_600) })
})

if (hasTool('qemu-system-riscv32')) {
  describeLink({
    ...speaking,
    name: 'QEMU on its pty',
    async open() {
      let child: ReturnType<typeof spawn> | undefined
      const link = await openQemuLink({
        program: 'qemu-system-riscv32',
        boardArguments: ['-bios', 'none', '-kernel', firmwareFile],
        spawn: ((...args: Parameters<typeof spawn>) => (child = spawn(...args))) as typeof spawn
      })
      return {
        link,
        async unplug() {
          child!.kill('SIGKILL')
        }
      }
    }
  })
} else {
  sayskip('QEMU on its pty', 'qemu-system-riscv32')
}

const core = await verilatedProgram('xbb')
if (core !== null) {
  describeLink({
    ...speaking,
    name: 'core in Verilog',
    async open() {
      let child: ReturnType<typeof spawn> | undefined
      const link = await openRtlLink({
        program: core,
        image: resourcePath('firmware', 'build', 'monitor-xbb.bin'),
        spawn: ((...args: Parameters<typeof spawn>) => (child = spawn(...args))) as typeof spawn,
        label: 'rtl:xbb'
      })
      return {
        link,
        async unplug() {
          child!.kill('SIGKILL')
        }
      }
    }
  })
}
