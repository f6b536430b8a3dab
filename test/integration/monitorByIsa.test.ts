import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { bitWidths } from '@core/quant/scheme'
import { createBoardBench, type BoardBench } from '../support/boardBench'
import { hasTool } from '../support/ptyPair'

/**
 * Which monitor a stand-in runs follows from its core's ISA string, and the kernels it then has give the reference's results
 * at every pair, one row included, with k that fills no pack.
 */
const standIns = [
  { id: 'virtual:high', isa: /^rv32imac_zicsr$/, variant: 'rv32im', tool: null },
  { id: 'virtual:high-zbb', isa: /^rv32imac_zicsr_zbb$/, variant: 'rv32im_zbb', tool: null },
  { id: 'virtual:rtl', isa: /^rv32im_zicsr$/, variant: 'rv32im', tool: null },
  { id: 'virtual:rtl-xbb', isa: /^rv32im_zicsr_xbb$/, variant: 'xbb', tool: null },
  { id: 'qemu', isa: /^rv32[a-z]+_zicsr$/, variant: 'rv32im', tool: 'qemu-system-riscv32' },
  { id: 'qemu:zbb', isa: /^rv32[a-z]+_zicsr_zbb$/, variant: 'rv32im_zbb', tool: 'qemu-system-riscv32' },
  { id: 'qemu:rvv', isa: /^rv64[a-z]*v_zicsr$/, variant: 'rvv', tool: 'qemu-system-riscv64' }
] as const

const items = [
  { kernel: 'matmul', dims: [1, 13, 77] },
  { kernel: 'matmul', dims: [6, 5, 131] },
  { kernel: 'conv2d', dims: [5, 6, 3, 9, 3, 2, 1] },
  { kernel: 'depthwiseConv2d', dims: [5, 6, 4, 3, 1, 1] }
] as const

describe('stand-ins', () => {
  let bench: BoardBench
  beforeAll(async () => {
    bench = await createBoardBench()
  })
  afterAll(async () => bench?.close())

  it.for(standIns)('$id runs the monitor for its core', async ({ id, isa, variant, tool }, { skip }) => {
    if (tool !== null && !hasTool(tool)) return skip(`${tool} is not here`)
    const { info } = await bench.boards.connect(id)
    expect(info.isa).toMatch(isa)
    const variants = info.kernels.filter(({ kernel }) => kernel === 'matmul').map((entry) => entry.variant)
    expect(new Set(variants)).toEqual(new Set([variant]))
    await bench.boards.withLease(id, 'test', async (session) => {
      for (const item of items) {
        for (const activationBits of bitWidths) {
          for (const weightBits of bitWidths) {
            const work = { ...item, dims: [...item.dims], activationBits, weightBits }
            const { checksum } = await session.bench(
              { ...work, repetitions: 1, seed: 5, reference: false },
              {}
            )
            expect(checksum, `${item.kernel} a${activationBits}w${weightBits}`).toBe(
              expectedChecksum(work, 5)
            )
          }
        }
      }
    })
    await bench.boards.disconnect(id)
  })
})
