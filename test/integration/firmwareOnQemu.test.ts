import { spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BoardInfo } from '../../src/core/board/boardInfo'
import type { Conversation } from '../../src/core/board/conversation'
import { MonitorClient } from '../../src/core/board/monitorClient'
import type { BenchRequest } from '../../src/core/board/protocol'
import { encodeImage } from '../../src/core/deploy/image'
import { freeFrom, planDeployment } from '../../src/core/deploy/plan'
import { runInteger } from '../../src/core/quant/integer/runInteger'
import { converse } from '../../src/main/board/runConversation'
import type { Link } from '../../src/main/board/links/link'
import { openQemuLink } from '../../src/main/board/links/qemuLink'
import { monitorElf, SimulatedBoard } from '../unit/core/board/simulatedBoard'
import { everyOperator } from '../unit/core/deploy/randomNetwork'
import { recurrentKernels } from '../../src/shared/vocabulary'

const program = 'qemu-system-riscv32'
const hasQemu = spawnSync(program, ['--version']).status === 0
if (!hasQemu) console.warn(`SKIPPED: ${program} is not here, the monitor is not run on QEMU`)

const widths = [8, 4, 2, 1]

/** Every kernel at every pair or width, at shapes with odd sides. */
function everyBench(): BenchRequest[] {
  const common = { repetitions: 2, seed: 0xb17b }
  const pairs = widths.flatMap((a) => widths.map((w) => ({ activationBits: a, weightBits: w, ...common })))
  const plain = widths.map((activationBits) => ({ activationBits, weightBits: 0, ...common }))
  return [
    ...pairs.map((pair) => ({ ...pair, kernel: 'matmul' as const, dims: [9, 7, 75] })),
    ...pairs.map((pair) => ({ ...pair, kernel: 'conv2d' as const, dims: [7, 6, 5, 6, 3, 1, 1] })),
    ...pairs.map((pair) => ({ ...pair, kernel: 'depthwiseConv2d' as const, dims: [7, 6, 5, 3, 2, 1] })),
    ...plain.map((width) => ({ ...width, kernel: 'maxPool' as const, dims: [9, 8, 5, 2, 2] })),
    ...plain.map((width) => ({ ...width, kernel: 'avgPool' as const, dims: [9, 8, 5, 3, 2] })),
    ...plain.map((width) => ({ ...width, kernel: 'add' as const, dims: [211] })),
    ...plain.map((width) => ({ ...width, kernel: 'requantize' as const, dims: [23, 9] })),
    ...plain.map((width) => ({ ...width, kernel: 'flatten' as const, dims: [333] })),
    { ...plain[0]!, kernel: 'argmax' as const, dims: [57] },
    ...plain.map((width) => ({ ...width, kernel: 'product' as const, dims: [7, 10, 19] })),
    ...plain.map((width) => ({ ...width, kernel: 'softmax' as const, dims: [5, 27] })),
    ...plain.map((width) => ({ ...width, kernel: 'layerNorm' as const, dims: [4, 33] })),
    ...plain.map((width) => ({ ...width, kernel: 'rmsNorm' as const, dims: [4, 33] })),
    ...plain.map((width) => ({ ...width, kernel: 'table' as const, dims: [205] })),
    ...plain.map((width) => ({ ...width, kernel: 'gather' as const, dims: [206] })),
    ...plain.map((width) => ({ ...width, kernel: 'rope' as const, dims: [3, 5] })),
    ...recurrentKernels.flatMap((kernel) => plain.map((width) => ({ ...width, kernel, dims: [5, 7] })))
  ]
}

const program64 = 'qemu-system-riscv64'
const hasQemu64 = spawnSync(program64, ['--version']).status === 0
if (!hasQemu64) console.warn(`SKIPPED: ${program64} is not here, the 64-bit monitor is not run`)

describe.skipIf(!hasQemu64)('the 64-bit monitor on QEMU', () => {
  it('computes what the 32-bit one computes, for every kernel and pair', async () => {
    const client = new MonitorClient()
    const elf = monitorElf.replace('monitor.elf', 'monitor-rv64.elf')
    const boardArguments = ['-bios', 'none', '-device', `loader,file=${elf},cpu-num=0`]
    const link = await openQemuLink({ program: program64, boardArguments, spawn })
    try {
      const info = await converse(link, client.hello(1), {})
      expect(info).toMatchObject({ xlen: 64, coreName: 'qemu-virt' })
      expect(info.ram.low).toBeGreaterThan(0x80800000)
      const board = new SimulatedBoard('high')
      const simulated = new MonitorClient()
      board.converse(simulated.hello(1))
      for (const request of everyBench()) {
        const there = await converse(link, client.bench(request), { stallMs: 60_000 })
        const name = `${request.kernel} a${request.activationBits}w${request.weightBits}`
        expect(there.checksum, name).toBe(board.converse(simulated.bench(request)).checksum)
      }
    } finally {
      await link.close()
    }
  })
})

describe.skipIf(!hasQemu)('the monitor on QEMU', () => {
  const client = new MonitorClient()
  let link: Link
  let info: BoardInfo
  const on = <T>(conversation: Conversation<T>): Promise<T> =>
    converse(link, conversation, { stallMs: 60_000 })

  beforeAll(async () => {
    const boardArguments = ['-bios', 'none', '-kernel', monitorElf]
    link = await openQemuLink({ program, boardArguments, spawn })
    info = await on(client.hello(1))
  })
  afterAll(async () => link?.close())

  it('says what it runs on', () => {
    expect(info.coreName).toBe('qemu-virt')
    expect(info.xlen).toBe(32)
    expect(info.clockHz).toBeNull()
    expect(info.ram.high).toBe(0x88000000)
    expect(info.isa).toMatch(/^rv32ima/)
  })

  it('keeps 100 kB that were sent and lets 200 requests through undamaged', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 2654435761) >>> 24)
    await on(client.upload(info.ram.low, bytes))
    expect(await on(client.read(info.ram.low + 99_000, 1000))).toEqual(bytes.subarray(99_000))
    for (let i = 0; i < 200; i++) {
      const word = new Uint8Array([i, 0xb5, 0x62, 0x3f])
      expect(await on(client.echo(word))).toEqual(word)
    }
    expect(client.statistics).toMatchObject({ damagedFrames: 0 })
  })

  it('retires as many instructions as the virtual board and computes the same, for every kernel and pair', async () => {
    const board = new SimulatedBoard('high')
    const simulated = new MonitorClient()
    board.converse(simulated.hello(1))
    for (const request of everyBench()) {
      const name = `${request.kernel} a${request.activationBits}w${request.weightBits}`
      const there = await on(client.bench(request))
      const here = board.converse(simulated.bench(request))
      expect(there.checksum, name).toBe(here.checksum)
      expect(there.instructions, name).toEqual(here.instructions)
      const reference = board.converse(simulated.bench({ ...request, reference: true }))
      expect(here.checksum, name).toBe(reference.checksum)
    }
  })

  it('runs an Image to the host’s outputs', async () => {
    const { network, builder } = everyOperator(5)
    const plan = planDeployment(network, info)
    await on(client.upload(plan.imageAddress, encodeImage(network, plan)))
    await on(client.prepare(plan.imageAddress))
    const codes = builder.images(4)
    const inputAddress = freeFrom(plan)
    const outputAddress = Math.ceil((inputAddress + codes.length) / 16) * 16
    await on(client.upload(inputAddress, new Uint8Array(codes.buffer)))
    await on(client.run({ inputAddress, outputAddress, count: 4 }))
    const words = network.outputCount + 1
    const bytes = await on(client.read(outputAddress, 16 * words))
    const outputs = new Int32Array(bytes.buffer, bytes.byteOffset, 4 * words)
    expect([...outputs].filter((_, i) => i % words < network.outputCount)).toEqual([
      ...runInteger(network, codes)
    ])
  })

  it('survives a trap in called code, and a reset', async () => {
    const illegal = new Uint8Array(8)
    await on(client.upload(info.ram.low, illegal))
    await expect(on(client.call(info.ram.low, 0, 0))).rejects.toMatchObject({
      code: 'board.faulted',
      details: { mcause: 2, mepc: info.ram.low }
    })
    await on(client.reset())
    expect((await on(client.hello(2))).buildId).toBe(info.buildId)
  })
})
