import type { ImpactRow, ImpactChange } from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'
import type { StrategyName } from '../../../shared/vocabulary'
import type { Bits } from '../../quant/scheme'
import { nodeScope } from '../../workload/onnx/groups'

/** What lowering each layer alone costs, measured elsewhere: taken in place of a search's own probes. */
export interface GivenSensitivity {
  /** KL in nats in the order of the space's layers; null: unknown, the median of the known ones is taken. */
  readonly losses: readonly (number | null)[]
  /** Width that the losses are taken to belong to. */
  readonly bits: Bits
}

/** Which change of a workload's layers the losses come from, and how many layers have one. */
export interface ImpactSensitivity extends GivenSensitivity {
  readonly change: ImpactChange
  readonly matched: number
}

/** Strategies that propose schemes by what single layers lose. */
export const sensitivityStrategies: readonly StrategyName[] = [
  'auto',
  'integer',
  'pairwise',
  'additiveGp',
  'greedy'
]

/** This layer alone at int4 says most about a width; taking a layer out says least. */
const preferred: readonly ImpactChange[] = ['int4', 'int8', 'mean', 'zero', 'skip']

/**
 * The impact of layers on predictions as sensitivity of a search: by the change that most of its layers have, int4 before int8
 * before ablation. int4 counts as the loss at 4 bits; of the others only the proportions mean something, and they count at 2.
 * Layers are found by name, or by the module path in an operator's name ("/h/fc1/Gemm" is layer "h.fc1").
 *
 * @throws search.invalid when fewer than two layers, or fewer than half, are found
 */
export function sensitivityOfImpacts(
  layers: readonly string[],
  impacts: readonly Pick<ImpactRow, 'layer' | 'change' | 'klNats'>[],
  model: string
): ImpactSensitivity {
  const found = preferred
    .map((change) => {
      const rows = new Map(
        impacts.flatMap((row) => (row.change === change ? [[row.layer, row.klNats.value] as const] : []))
      )
      const losses = layers.map((layer) => rows.get(layer) ?? rows.get(nodeScope(layer)) ?? null)
      return { change, losses, matched: losses.filter((loss) => loss !== null).length }
    })
    .reduce((best, one) => (one.matched > best.matched ? one : best))
  if (found.matched < 2 || 2 * found.matched < layers.length) {
    throw new AppError(
      'search.invalid',
      `The workload run of ${model} knows the impact of ${found.matched} of the ${layers.length} layers that are searched.`,
      'Choose a run of the same ONNX file that has finished its steps of prediction impact.'
    )
  }
  return { ...found, bits: found.change === 'int4' ? 4 : 2 }
}
