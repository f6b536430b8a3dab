import { usableRamBytes, type BoardInfo } from '../../core/board/boardInfo'
import type { Plan } from '../../core/deploy/plan'
import { isWeighted, type QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { DeployPlan } from '../../shared/contract/deploy'
import type { PlanPrediction } from './deployNeeds'

/** A Plan as the window and the record show it: memory picture, and cost per layer where a proxy predicts it. */
export function presentPlan(
  network: QuantizedNetwork,
  plan: Plan,
  board: Pick<BoardInfo, 'ram'>,
  predicted: PlanPrediction | null
): DeployPlan {
  return {
    imageBytes: plan.imageBytes,
    weightsBytes: plan.weightsBytes,
    arenaBytes: plan.arenaBytes,
    arenaLowerBoundBytes: plan.arenaLowerBoundBytes,
    doubleBufferBytes: plan.doubleBufferBytes,
    imageAddress: plan.imageAddress,
    peakRamBytes: plan.peakRamBytes,
    ramBytes: usableRamBytes(board),
    blocks: plan.blocks.map(({ name, offset, sizeBytes, firstLayer, lastLayer }) => ({
      name,
      offset,
      sizeBytes,
      firstLayer,
      lastLayer
    })),
    layers: plan.layers.map((layer, index) => {
      const source = network.layers[index]
      return {
        name: layer.name,
        op: layer.op,
        activationBits: isWeighted(source) ? source.activationBits : source.input.bits,
        weightBits: 'weightBits' in source ? source.weightBits : null,
        outputShape: [...source.outputShape],
        macs: layer.macs,
        weightsBytes: layer.weightsBytes,
        scratchBytes: layer.scratchBytes,
        liveBytes: layer.liveBytes,
        predicted: predicted?.layers[index] ?? null
      }
    }),
    predicted: predicted === null ? null : totalOf(predicted),
    calibrated: predicted?.calibrated ?? false
  }
}

/** Predicted cost of a whole network; null unless that of every layer is known. */
export function totalOf({ layers, rest }: PlanPrediction): number | null {
  let sum = rest
  for (const cost of layers) {
    if (cost === null) return null
    sum += cost
  }
  return sum
}
