import { MonitorClient } from '../../../../src/core/board/monitorClient'
import { encodeImage } from '../../../../src/core/deploy/image'
import { planDeployment } from '../../../../src/core/deploy/plan'
import type { QuantizedNetwork } from '../../../../src/core/quant/quantizedNetwork'
import type { CorePresetName } from '../../../../src/core/sim/boards/presets'
import { SimulatedBoard } from './simulatedBoard'

/** Deploys a network and runs it on `count` items of codes; returns of each its outputs and their argmax, as they lie in RAM. */
export type RunOnBoard = (network: QuantizedNetwork, codes: Int8Array, count?: number) => Int32Array

/** Returns what runs networks on a board of its own, simulated with the shipped monitor. */
export function openNetworkBoard(core: CorePresetName): RunOnBoard {
  const board = new SimulatedBoard(core)
  const client = new MonitorClient()
  const info = board.converse(client.hello(1))
  return (network, codes, count = 1) => {
    const plan = planDeployment(network, info)
    board.converse(client.upload(plan.imageAddress, encodeImage(network, plan)))
    board.converse(client.prepare(plan.imageAddress))
    const inputAddress = plan.imageAddress + plan.peakRamBytes
    const outputAddress = Math.ceil((inputAddress + codes.length) / 16) * 16
    board.converse(client.upload(inputAddress, new Uint8Array(codes.buffer, codes.byteOffset, codes.length)))
    board.converse(client.run({ inputAddress, outputAddress, count, perLayer: false, clearCounters: true }))
    const bytes = board.converse(client.read(outputAddress, 4 * count * (network.outputCount + 1)))
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  }
}
