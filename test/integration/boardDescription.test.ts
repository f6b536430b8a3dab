import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDescription } from '@core/board/description/readDescription'
import { hasTool, sayskip } from '../support/ptyPair'

/** Trees that QEMU itself writes for its machines. */
const qemu = 'qemu-system-riscv64'
if (!hasTool(qemu)) sayskip('device trees of QEMU', qemu)

function treeOf(...machine: string[]): Uint8Array {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-dtb-'))
  try {
    const file = path.join(folder, 'tree.dtb')
    const [name, ...more] = machine
    execFileSync(qemu, ['-M', `${name},dumpdtb=${file}`, ...more, '-display', 'none'], { stdio: 'ignore' })
    return new Uint8Array(readFileSync(file))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe.skipIf(!hasTool(qemu))('a device tree of QEMU', () => {
  it('describes the virt machine as qemu-system-riscv64 has it', () => {
    const board = readDescription(treeOf('virt', '-m', '512M'))
    expect(board).toMatchObject({
      name: 'riscv-virtio,qemu',
      uart: { kind: 'ns16550', base: 0x1000_0000, stride: 1, widthBytes: 1 },
      ram: { base: 0x8080_0000, sizeBytes: (512 - 8) << 20 },
      clockHz: null,
      monitor: 'supervisor'
    })
    expect(board.isa).toMatch(/^rv64i/)
  })

  it('describes sifive_u, with the UART of SiFive', () => {
    expect(readDescription(treeOf('sifive_u', '-m', '512M'))).toMatchObject({
      name: 'SiFive HiFive Unleashed A00',
      uart: { kind: 'sifive', base: 0x1001_0000, stride: 4, widthBytes: 4 },
      ram: { base: 0x8080_0000, sizeBytes: (512 - 8) << 20 },
      monitor: 'supervisor'
    })
  })

  it('is refused for spike, whose console no monitor drives', () => {
    expect(() => readDescription(treeOf('spike'))).toThrow(
      expect.objectContaining({
        code: 'input.unsupported',
        message: expect.stringContaining('ucb,htif0') as string
      }) as Error
    )
  })
})
