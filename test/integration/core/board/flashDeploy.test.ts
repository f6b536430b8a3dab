import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '@core/binary/bytes'
import type { BoardInfo } from '@core/board/boardInfo'
import { flashMap } from '@core/board/description/flashBoards'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { generateSources } from '@core/deploy/codegen/generateSources'
import { encodeImage } from '@core/deploy/image'
import { freeFrom, planDeployment, workBytes } from '@core/deploy/plan'
import { weightedLayerNames, type Graph } from '@core/model/graph'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { argmax, createIntegerRunner } from '@core/quant/integer/runInteger'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { readFlashMonitorInfo } from '@core/sim/boards/flashMonitorInfo'
import { openBoardSession } from '@main/board/boardSession'
import { flashContents } from '@main/deploy/flashFile'
import { loadImage } from '@main/deploy/imageRunner'
import { decodeOnnx } from '@main/model/files/onnxFile'
import { AppError } from '@shared/errors'
import { formatHex } from '@shared/units'
import { resourceTexts } from '../../../support/exportedC'
import { flashMonitor, startFlashBoard } from '../../../support/flashBoard'
import { createSimulatorLink } from '../../../support/simulatorLink'
import { someImages } from '../../../support/smallNetworks'
import { VirtualClock } from '../../../support/virtualClock'

const lenet: Graph = importOnnx(
  decodeOnnx(readFileSync(path.resolve('resources/models/lenet5-fashion.onnx')))
)
const ranges = measureActivationRanges(lenet, someImages(lenet, 8))
const uniform = (weightBits: 8 | 4 | 2, activationBits: 8 | 4 | 2): QuantizedNetwork =>
  quantizeNetwork(ranges, uniformScheme(weightedLayerNames(lenet), weightBits, activationBits))

type Chip = 'gd32vf103' | 'ch32v307'

/** A chip with a monitor and what is behind it in flash, and a session on it. */
async function open(chip: Chip, isSmall: boolean, image: Uint8Array | null) {
  const monitor = flashMonitor(chip, isSmall)
  const clock = new VirtualClock()
  const flash =
    image === null
      ? monitor
      : concatBytes([monitor, new Uint8Array(-monitor.length & 1023).fill(0xff), image])
  const machine = startFlashBoard(chip, flash)
  const session = openBoardSession({
    link: createSimulatorLink(machine, clock),
    onText: () => undefined,
    nonce: () => 3,
    clock
  })
  return { clock, session, info: await clock.run(session.hello()) }
}

const ioOf = (network: QuantizedNetwork) => ({
  inputBytes: network.inputShape.reduce((a, b) => a * b),
  outputCount: network.outputCount
})
const options = { signal: new AbortController().signal, onProgress: () => undefined }

async function runInFlash(chip: Chip, isSmall: boolean, network: QuantizedNetwork, count: number) {
  const { info } = await open(chip, isSmall, null)
  const plan = planDeployment(network, info)
  expect(plan.imageAddress).toBe(info.flash!.low)
  const { clock, session } = await open(chip, isSmall, encodeImage(network, plan))
  const io = ioOf(network)
  const runner = await clock.run(loadImage(session, encodeImage(network, plan), plan, io, options))
  expect(runner.place.inputAddress).toBeGreaterThanOrEqual(freeFrom(plan))
  const images = Math.min(count, runner.place.images)
  const codes = Int8Array.from(someImages(lenet, images, 9), (pixel) => pixel - 128)
  await clock.run(session.upload(runner.place.inputAddress, new Uint8Array(codes.buffer)))
  await clock.run(runner.execute(images, 0))
  const bytes = await clock.run(session.read(runner.place.outputAddress, 4 * images * (io.outputCount + 1)))
  const host = createIntegerRunner(network)
  const expected = Array.from({ length: images }, (_, index) => {
    const { logits } = host.run(codes.subarray(index * io.inputBytes, (index + 1) * io.inputBytes))
    return [...logits, argmax(logits)]
  }).flat()
  expect([...new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)]).toEqual(expected)
  return { plan, info }
}

describe('LeNet-5 with its weights in flash', () => {
  it.each([
    ['gd32vf103', true, 8, 8],
    ['gd32vf103', true, 4, 8],
    ['ch32v307', false, 2, 2]
  ] as const)('%s: equal bit for bit at w%ia%i', async (chip, isSmall, weightBits, activationBits) => {
    const { plan, info } = await runInFlash(chip, isSmall, uniform(weightBits, activationBits), 2)
    // Only the arena, the layers' counters and a batch of images take RAM.
    expect(plan.peakRamBytes).toBe(workBytes(plan.arenaBytes, plan.countersBytes))
    expect(plan.arenaAddress).toBeGreaterThanOrEqual(info.ram.low)
    expect(plan.arenaAddress! + plan.arenaBytes).toBeLessThan(
      flashMap.ram + (chip === 'gd32vf103' ? 32 : 64) * 1024
    )
  })

  it('lies with its monitor in one file, planned without a board', async () => {
    const network = uniform(4, 8)
    const description = shippedBoards.gd32vf103
    const { bytes, ...places } = await flashContents(network, description, async (name, ending) =>
      readFileSync(path.resolve(`resources/firmware/build/${name}.${ending}`))
    )
    const monitor = flashMonitor('gd32vf103', true)
    const { session, clock, info } = await open('gd32vf103', true, null)
    expect(readFlashMonitorInfo(monitor, description)).toEqual(info)
    const plan = planDeployment(network, info)
    const image = encodeImage(network, plan)
    expect(places).toEqual({
      address: flashMap.flash,
      monitorBytes: monitor.length,
      imageAddress: plan.imageAddress,
      imageBytes: image.length,
      arenaBytes: plan.arenaBytes
    })
    expect(Buffer.from(bytes.subarray(0, monitor.length)).equals(Buffer.from(monitor))).toBe(true)
    expect(Buffer.from(bytes.subarray(plan.imageAddress - flashMap.flash)).equals(Buffer.from(image))).toBe(
      true
    )
    await clock.run(session.reset())
    await expect(
      flashContents(network, shippedBoards['esp32-c3'], async () => new Uint8Array(0))
    ).rejects.toThrow('does not execute from flash')
  })

  it('is planned for memories of any described size, of which little is simulated', async () => {
    const large = {
      ...shippedBoards.gd32vf103,
      flash: { base: flashMap.flash, sizeBytes: flashMap.ram - flashMap.flash },
      ram: { base: flashMap.ram, sizeBytes: 0x4000_0000 }
    }
    const read = async (name: string, ending: string) =>
      readFileSync(path.resolve(`resources/firmware/build/${name}.${ending}`))
    const made = await flashContents(uniform(4, 8), large, read)
    const info = readFlashMonitorInfo(made.bytes.subarray(0, made.monitorBytes), large)
    expect(info.flash!.high).toBe(flashMap.ram)
    expect(info.ram.high).toBe(0x6000_0000)
    const short = { ...large, flash: { base: flashMap.flash, sizeBytes: 32 << 10 } }
    await expect(flashContents(uniform(4, 8), short, read)).rejects.toMatchObject({
      code: 'board.addressRange',
      message: expect.stringContaining(`${made.monitorBytes - (32 << 10)} bytes too many`)
    })
  })

  it('says with bytes what does not fit flash or RAM, before anything is sent', async () => {
    const { info } = await open('gd32vf103', true, null)
    const network = uniform(8, 8)
    const needed = planDeployment(network, info).imageBytes
    const flash = (sizeBytes: number): BoardInfo => ({
      ...info,
      flash: { ...info.flash!, high: info.flash!.low + sizeBytes }
    })
    expect(() => planDeployment(network, flash(needed))).not.toThrow()
    expect(() => planDeployment(network, flash(needed - 16))).toThrow(
      `has ${needed} bytes; GD32VF103 has ${needed - 16} of flash behind its monitor: 16 bytes short`
    )
    const tight = { ...info, ram: { low: info.ram.low, high: info.ram.low + 1024 } }
    expect(() => planDeployment(network, tight)).toThrow(/bytes of RAM .* 1024: \d+ bytes short/)
  })

  it('is called in RAM where it is exported as C', async () => {
    const { info } = await open('gd32vf103', true, null)
    const network = uniform(8, 8)
    const check = { count: 1, codes: new Int8Array(784), logits: new Int32Array(10) }
    const files = generateSources(network, planDeployment(network, info), { sources: resourceTexts(), check })
    expect(files.find(({ path: name }) => name === 'Makefile')!.text).toContain(
      `LOAD_ADDRESS ?= ${formatHex(Math.ceil(info.ram.low / 16) * 16)}`
    )
  })

  it('runs nothing but the network that is in flash', async () => {
    const other = uniform(4, 8)
    const network = uniform(8, 8)
    const { info } = await open('gd32vf103', true, null)
    const plan = planDeployment(network, info)
    const image = encodeImage(network, plan)
    const load = async (there: Uint8Array | null) => {
      const { clock, session } = await open('gd32vf103', true, there)
      return await clock.run(loadImage(session, image, plan, ioOf(network), options))
    }
    await expect(load(null)).rejects.toThrow('does not hold this network')
    await expect(load(encodeImage(other, planDeployment(other, info)))).rejects.toThrow(
      `${image.length} bytes and belongs at`
    )
    // A damaged weight: the board's own CRC over flash finds it.
    const damaged = image.slice()
    damaged[damaged.length - 100]! ^= 1
    await expect(load(damaged)).rejects.toBeInstanceOf(AppError)
  })
})
