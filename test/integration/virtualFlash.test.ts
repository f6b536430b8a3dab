import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flashChips, flashMap } from '@core/board/description/flashBoards'
import { createBoardAdapters } from '@main/board/boardAdapters'
import { flashContents } from '@main/deploy/flashFile'
import { loadImage } from '@main/deploy/imageRunner'
import { planDeployment } from '@core/deploy/plan'
import { encodeImage } from '@core/deploy/image'
import { createIntegerRunner } from '@core/quant/integer/runInteger'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { weightedLayerNames } from '@core/model/graph'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { decodeOnnx } from '@main/model/files/onnxFile'
import { resourcePath } from '@main/paths'
import { boardContract } from '@shared/contract/board'
import type { Job } from '@shared/contract/job'
import { AppError } from '@shared/errors'
import { type BoardBench, createBoardBench, virtualBoardWorker } from '../support/boardBench'
import { testCores } from '../support/rtl/verilated'
import { someImages } from '../support/smallNetworks'
import { spawn } from 'node:child_process'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-virtual-flash-'))
let bench: BoardBench
const adapters = async () =>
  createBoardAdapters({
    firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
    workerFile: await virtualBoardWorker(),
    spawn,
    flashFolder: folder,
    cores: testCores,
    findProgram: async () => null
  })
const open = async () => createBoardBench({ openFlashChip: (await adapters()).openFlashChip })

beforeAll(async () => {
  bench = await open()
})
afterAll(async () => {
  await bench.close()
  rmSync(folder, { recursive: true, force: true })
})

const lenet = importOnnx(decodeOnnx(readFileSync(path.resolve('resources/models/lenet5-fashion.onnx'))))
const network = quantizeNetwork(
  measureActivationRanges(lenet, someImages(lenet, 8)),
  uniformScheme(weightedLayerNames(lenet), 4, 8)
)
const io = {
  inputBytes: network.inputShape.reduce((a, b) => a * b),
  outputCount: network.outputCount
}
const options = { signal: new AbortController().signal, onProgress: () => undefined }

const context = { signal: new AbortController().signal }
const call = async <K extends keyof BoardBench['boards']['handlers']>(
  name: K,
  input: unknown
): Promise<Awaited<ReturnType<BoardBench['boards']['handlers'][K]>>> =>
  (await bench.boards.handlers[name](boardContract.commands[name].in.parse(input) as never, context)) as never

/** Starts a job over the line and returns it as it ended. */
async function finished(started: Promise<{ jobId: string }>): Promise<Job> {
  return await bench.jobs.follow((await started).jobId)
}

/** Writes bytes from the start of flash over the ROM of the chip. */
const write = (id: string, loader: 'stm' | 'wch', bytes: Uint8Array): Promise<Job> =>
  finished(
    call('board.load', {
      id,
      file: { name: 'flash.bin', base64: Buffer.from(bytes).toString('base64') },
      loader,
      address: flashMap.flash,
      start: true
    })
  )

/** The logits of one image, on the board. */
async function runOnBoard(id: string): Promise<number[]> {
  return await bench.boards.withLease(id, 'test', async (session) => {
    const plan = planDeployment(network, session.info)
    const runner = await loadImage(session, encodeImage(network, plan), plan, io, options)
    const codes = Int8Array.from(someImages(lenet, 1, 9), (pixel) => pixel - 128)
    await session.upload(runner.place.inputAddress, new Uint8Array(codes.buffer))
    await runner.execute(1, 0)
    const bytes = await session.read(runner.place.outputAddress, 4 * io.outputCount)
    return [...new Int32Array(bytes.slice().buffer)]
  })
}

describe.each([
  ['gd32vf103', 'stm'],
  ['ch32v307', 'wch']
] as const)('virtual:%s', (chip, loader) => {
  const id = `virtual:${chip}`

  it('is listed, comes with its monitor, and holds no network', { timeout: 120_000 }, async () => {
    const { boards } = await call('board.list', {})
    expect(boards.find((board) => board.id === id)).toMatchObject({
      kind: 'virtual',
      name: `Virtual ${flashChips[chip].name}`
    })
    await bench.boards.connect(id)
    expect(bench.boards.identified(id).info).toMatchObject({ coreName: flashChips[chip].name })
    await expect(runOnBoard(id)).rejects.toMatchObject({ code: 'deploy.mismatch' })
  })

  it(
    `takes monitor and network over ${loader}, and keeps them when it is connected again`,
    { timeout: 300_000 },
    async () => {
      const { bytes } = await flashContents(network, shippedBoards[chip], async (name, ending) =>
        readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))
      )
      expect(await write(id, loader, bytes)).toMatchObject({ state: 'done', error: null })
      const codes = Int8Array.from(someImages(lenet, 1, 9), (pixel) => pixel - 128)
      const expected = [...createIntegerRunner(network).run(codes).logits]
      expect(await runOnBoard(id)).toEqual(expected)
      expect(Buffer.from(readFileSync(path.join(folder, `${chip}.bin`)).subarray(0, bytes.length))).toEqual(
        Buffer.from(bytes)
      )
      await bench.close()
      bench = await open()
      await bench.boards.connect(id)
      expect(await runOnBoard(id)).toEqual(expected)
    }
  )

  it('refuses a file that does not fit, with the bytes', { timeout: 120_000 }, async () => {
    const large = new Uint8Array(flashChips[chip].flashBytes + 5)
    expect(await write(id, loader, large)).toMatchObject({
      state: 'failed',
      error: { code: 'board.addressRange', message: expect.stringContaining('5 bytes too many') }
    })
  })

  it(
    'waits without a program, and gets its monitor back by a boot; the network behind it stays',
    { timeout: 300_000 },
    async () => {
      expect(await write(id, loader, new Uint8Array(4096).fill(0xff))).toMatchObject({ state: 'done' })
      await call('board.disconnect', { id })
      await expect(bench.boards.connect(id)).rejects.toBeInstanceOf(AppError)
      expect(await finished(call('board.boot', { id }))).toMatchObject({ state: 'done', error: null })
      expect(await runOnBoard(id)).toHaveLength(io.outputCount)
    }
  )
})
