import { describe, expect, it } from 'vitest'
import { MonitorClient } from '../../../../src/core/board/monitorClient'
import type { BoardInfo } from '../../../../src/core/board/boardInfo'
import { encodeImage } from '../../../../src/core/deploy/image'
import { planDeployment } from '../../../../src/core/deploy/plan'
import { argmax, createIntegerRunner } from '../../../../src/core/quant/runInteger'
import type { QuantizedNetwork } from '../../../../src/core/quant/quantizedNetwork'
import { AppError } from '../../../../src/shared/errors'
import { SimulatedBoard } from '../board/simulatedBoard'
import { everyOperator, RandomNetwork } from './randomNetwork'

const board = new SimulatedBoard('small')
const client = new MonitorClient()
const info: BoardInfo = board.converse(client.hello(1))

/** Deploys and runs; logits and argmax per image as they lie in the board's RAM. */
function runOnBoard(network: QuantizedNetwork, codes: Int8Array, count: number): Int32Array {
  const plan = planDeployment(network, info)
  board.converse(client.upload(plan.imageAddress, encodeImage(network, plan)))
  const prepared = board.converse(client.prepare(plan.imageAddress))
  expect(prepared.arenaAddress + prepared.arenaBytes).toBe(plan.imageAddress + plan.peakRamBytes)
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

  it('places a network that two buffers of the largest tensor would not hold', () => {
    const builder = new RandomNetwork(5, [64, 64, 3])
    builder.conv(64, 3, 1, 1).conv(4, 1, 1, 0).flatten().dense(4, true)
    const network = builder.done()
    const plan = planDeployment(network, info)
    const largest = Math.max(...plan.layers.map(({ outputBytes }) => outputBytes))
    expect(plan.arenaBytes).toBeLessThan(2 * largest)
    expect(plan.arenaBytes).toBeGreaterThanOrEqual(plan.arenaLowerBoundBytes)
    const codes = builder.images(1)
    expect([...runOnBoard(network, codes, 1)]).toEqual(expected(network, codes, 1))
  })

  it('refuses a network that does not fit with the exact shortfall', () => {
    const { network } = everyOperator(1)
    const fitting = planDeployment(network, info)
    const tight = { ...info, ram: { low: info.ram.low, high: info.ram.low + fitting.peakRamBytes } }
    expect(planDeployment(network, tight).peakRamBytes).toBe(fitting.peakRamBytes)
    const short = { ...info, ram: { low: info.ram.low, high: info.ram.low + fitting.peakRamBytes - 48 } }
    const error = captured(() => planDeployment(network, short))
    expect(error.code).toBe('deploy.outOfMemory')
    expect(error.details).toMatchObject({ shortfallBytes: 48 })
    expect(error.message).toContain('48 bytes short')
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
