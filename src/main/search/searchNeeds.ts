import type { SchemeCost } from '../../core/search/space'
import type { Measure } from '../../core/search/objective'
import type { Bits, Scheme } from '../../core/quant/scheme'
import type { QuantMethod, Split } from '../../shared/contract/model'
import type { ImpactRow } from '../../shared/contract/workload/workloadRows'
import type { CostKind } from '../../shared/contract/search'

/** What a search needs of the other nouns; compose passes adapters. */
export interface SearchModels {
  name(modelId: string): Promise<string>
  /** Name of the data set this model's schemes are judged on. */
  dataSet(modelId: string): Promise<string>
  /** The weighted layers in order. */
  layers(modelId: string): Promise<{ name: string; macs: number; parameters: number }[]>
  /** What a scheme loses on a split; null scheme is the float network. */
  measure(
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal: AbortSignal
  ): Promise<SearchMeasure>
  /** The largest split of test items there is on this machine for the model. */
  reportSplit(modelId: string): Promise<Split>
}

/** Result of evaluating a scheme. */
export interface SearchMeasure extends Measure {
  readonly images: number
  /** By name; the score among them is `accuracy`. */
  readonly metrics: Readonly<Record<string, number>>
  /** One byte per item, 1 where the prediction is right; empty where a task knows no right and wrong. */
  readonly right: Uint8Array
  /** Time the evaluation itself took where it ran, ms; null: its result was known. */
  readonly computedMs: number | null
}

/** A cost and, for latency and RAM, the board it holds for. */
export interface SearchPrice {
  readonly cost: SchemeCost
  readonly board: string | null
}

/**
 * Returns what schemes of a network cost.
 *
 * @throws AppError proxy.kernelMissing when the cost is `proxy` and a kernel of the model has none, search.invalid when the cost
 * does not know the widths
 */
export type SearchCosts = (
  modelId: string,
  kind: CostKind,
  proxyId: string | null,
  widths: readonly Bits[]
) => Promise<SearchPrice>

/** Impact of layers on the predictions of a stored workload run. @throws input.notFound */
export type WorkloadImpacts = (workloadId: string) => Promise<{
  model: string
  /** Hash of the network's file; null when it is not known. */
  contentId: string | null
  impacts: ImpactRow[]
}>
