import { describe, expect, it } from 'vitest'
import { MonitorClient } from '../../../../src/core/board/monitorClient'
import type { BoardInfo } from '../../../../src/core/board/boardInfo'
import { encodeImage } from '../../../../src/core/deploy/image'
import { planDeployment } from '../../../../src/core/deploy/plan'
import { argmax, createIntegerRunner } from '../../../../src/core/quant/integer/runInteger'
import type { QuantizedNetwork } from '../../../../src/core/quant/quantizedNetwork'
import { AppError } from '../../../../src/shared/errors'
import { weightedLayerNames } from '../../../../src/core/model/graph'
import { measureActivationRanges } from '../../../../src/core/quant/quantize/calibration'
import { quantizeNetwork } from '../../../../src/core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '../../../../src/core/quant/scheme'
import { plainNetwork, someImages } from '../../../support/smallNetworks'
import { SimulatedBoard } from '../../../unit/core/board/simulatedBoard'
import { placeBatch } from '../../../../src/main/deploy/boardRun'
import { everyOperator, everyPair, pairsOf, wideBottleneck } from '../../../unit/core/deploy/randomNetwork'

const board = new SimulatedBoard('small')
const client = new MonitorClient()
const info: BoardInfo = board.converse(client.hello(1))

/** Deploys and runs; logits and argmax per image as they lie in the board's RAM. */
function runOnBoard(network: QuantizedNetwork, codes: Int8Array, count: number): Int32Array {
  const plan = planDeployment(network, info)
  board.converse(client.upload(plan.imageAddress, encodeImage(network, plan)))
  const prepared = board.converse(client.prepare(plan.imageAddress))
  const counters = Math.ceil((prepared.arenaAddress + prepared.arenaBytes) / 8) * 8
  expect(plan.countersBytes).toBe(24 * network.layers.length)
  expect(Math.ceil((counters + plan.countersBytes) / 16) * 16).toBe(plan.imageAddress + plan.peakRamBytes)
  expect(prepared.layerCount).toBe(network.layers.length)
  const inputAddress = plan.imageAddress + plan.peakRamBytes
  const outputAddress = Math.ceil((inputAddress + codes.length) / 16) * 16
  board.converse(client.upload(inputAddress, new Uint8Array(codes.buffer, codes.byteOffset, codes.length)))
  board.converse(client.run({ inputAddress, outputAddress, count, perLayer: true, clearCounters: true }))
  const bytes = board.converse(client.read(outputAddress, count * 4 * (network.outputCount + 1)))
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

function expected(network: QuantizedNetwork, codes: Int8Array, count: number): number[] {
  const runner = createIntegerRunner(network)
  const size = codes.length / count
  return Array.from({ length: count }, (_, i) => {
    const { logits } = runner.run(codes.subarray(i * size, (i + 1) * size))
    return [...logits, argmax(logits)]
  }).flat()
}

describe('an Image on the board', () => {
  it('computes every operator bit for bit as the host does, at random bits', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 24; seed++) {
      const { network, builder } = everyOperator(seed)
      for (const { weightBits, activationBits } of network.scheme)
        seen.add(`a${activationBits}w${weightBits}`)
      const codes = builder.images(2)
      const outputs = runOnBoard(network, codes, 2)
      expect([...outputs], `seed ${seed}`).toEqual(expected(network, codes, 2))
      // The test would prove little with logits that are all the same.
      expect(new Set(outputs).size).toBeGreaterThan(5)
    }
    expect(seen.size).toBe(16)
  })

  it('counts per layer, and the layers sum to the run', () => {
    const { network, builder } = everyOperator(3)
    runOnBoard(network, builder.images(3), 3)
    const layers = board.converse(client.counters(0, network.layers.length))
    expect(layers.every(({ runs, instructions }) => runs === 3 && instructions > 0)).toBe(true)
    const sum = layers.reduce((total, { instructions }) => total + instructions, 0)
    const plan = planDeployment(network, info)
    const inputAddress = plan.imageAddress + plan.peakRamBytes
    const spent = board.converse(
      client.run({ inputAddress, outputAddress: inputAddress + 4096, count: 3, perLayer: true })
    )
    expect(spent.instructions).toBeGreaterThan(sum)
    expect(spent.instructions).toBeLessThan(sum * 1.05)
  })

  it('runs a network with a skip connection that double buffering could not hold', () => {
    const { network, builder } = wideBottleneck()
    const plan = planDeployment(network, info)
    const space = info.ram.high - plan.imageAddress - plan.batchBytes
    expect(plan.imageBytes + plan.doubleBufferBytes).toBeGreaterThan(space)
    expect(plan.imageBytes + plan.arenaBytes).toBeLessThan(space)
    // The largest tensor and its neighbours: nothing is wasted between them.
    expect(plan.arenaBytes).toBe(plan.arenaLowerBoundBytes)
    const codes = builder.images(2)
    expect([...runOnBoard(network, codes, 2)]).toEqual(expected(network, codes, 2))
  })

  it('refuses a network that does not fit with the exact shortfall', () => {
    const { network } = everyOperator(1)
    const fitting = planDeployment(network, info)
    const needed = fitting.peakRamBytes + fitting.batchBytes
    const tight = { ...info, ram: { low: info.ram.low, high: info.ram.low + needed } }
    expect(planDeployment(network, tight).peakRamBytes).toBe(fitting.peakRamBytes)
    // What the plan calls enough is enough for one image, and a byte less is not.
    const io = { inputBytes: fitting.inputBytes, outputCount: fitting.outputCount }
    const freeFrom = fitting.imageAddress + fitting.peakRamBytes
    expect(placeBatch(tight, freeFrom, io).images).toBe(1)
    for (const missing of [1, 48]) {
      const short = { ...info, ram: { low: info.ram.low, high: info.ram.low + needed - missing } }
      const error = captured(() => planDeployment(network, short))
      expect(error.code).toBe('deploy.outOfMemory')
      expect(error.details).toEqual({
        neededBytes: needed,
        availableBytes: needed - missing,
        shortfallBytes: missing
      })
      expect(error.message).toContain(`${missing} bytes short`)
      expect(captured(() => placeBatch(short, freeFrom, io)).details).toEqual({ shortfallBytes: missing })
    }
  })

  it('computes every pair of bit widths in convolution, depthwise convolution and dense layers', () => {
    const { network, builder } = everyPair()
    expect(pairsOf(network)).toEqual({ conv2d: 16, depthwiseConv2d: 16, dense: 16 })
    const codes = builder.images(2)
    const outputs = runOnBoard(network, codes, 2)
    expect([...outputs]).toEqual(expected(network, codes, 2))
    expect(new Set(outputs).size).toBeGreaterThan(5)
  })

  it('refuses widths that no board has kernels for, naming layer and pair', () => {
    const graph = plainNetwork()
    const layers = weightedLayerNames(graph)
    const scheme = uniformScheme(layers, 8, 8).map((bits, at) =>
      at === 1 ? { ...bits, weightBits: 3 as const } : bits
    )
    const network = quantizeNetwork(measureActivationRanges(graph, someImages(graph, 8)), scheme)
    const error = captured(() => planDeployment(network, info))
    expect(error.code).toBe('board.unsupportedKernel')
    expect(error.message).toContain(layers[1]!)
    expect(error.message).toContain('3-bit weights')
  })

  it('names the layer and the pair a board has no kernel for', () => {
    const { network } = everyOperator(2)
    const first = network.scheme[0]!
    const kernels = info.kernels.filter(
      ({ kernel, weightBits }) => kernel !== 'conv2d' || weightBits !== first.weightBits
    )
    const error = captured(() => planDeployment(network, { ...info, kernels }))
    expect(error.code).toBe('board.unsupportedKernel')
    expect(error.message).toContain(first.layer)
  })

  it('is refused by the firmware with the reason when a byte, the layout or the scratch is wrong', () => {
    const { network } = everyOperator(4)
    const plan = planDeployment(network, info)
    const image = encodeImage(network, plan)
    const attempt = (bytes: Uint8Array): AppError => {
      board.converse(client.upload(plan.imageAddress, bytes))
      return captured(() => board.converse(client.prepare(plan.imageAddress)))
    }
    const damaged = image.slice()
    damaged[image.length - 1]! ^= 1
    expect(attempt(damaged).code).toBe('board.crcMismatch')
    const foreign = encodeImage(network, {
      ...plan,
      layers: plan.layers.map((layer) => ({ ...layer, scratchBytes: 0 }))
    })
    expect(attempt(foreign).details).toMatchObject({ reason: 3 })
    const unprepared = captured(() =>
      board.converse(client.run({ inputAddress: info.ram.low, outputAddress: info.ram.low, count: 1 }))
    )
    expect(unprepared.details).toMatchObject({ reason: 8 })
  })

  it('is forgotten when a byte of it is written', () => {
    const { network, builder } = everyOperator(6)
    runOnBoard(network, builder.images(1), 1)
    const plan = planDeployment(network, info)
    board.converse(client.upload(plan.imageAddress + 100, new Uint8Array([0])))
    const inputAddress = plan.imageAddress + plan.peakRamBytes
    const error = captured(() =>
      board.converse(client.run({ inputAddress, outputAddress: inputAddress + 4096, count: 1 }))
    )
    expect(error.details).toMatchObject({ reason: 8 })
  })
})

function captured(action: () => unknown): AppError {
  try {
    action()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('Nothing was refused')
}
