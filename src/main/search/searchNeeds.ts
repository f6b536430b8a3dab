import type { CostTable } from '../../core/search/costTable'
import type { Scheme } from '../../core/quant/scheme'
import type { QuantMethod, Split } from '../../shared/contract/model'
import type { CostKind } from '../../shared/contract/search'

/** What a search needs of the other nouns; compose passes adapters. */
export interface SearchModels {
  name(modelId: string): Promise<string>
  /** The weighted layers in order. */
  layers(modelId: string): Promise<{ name: string; macs: number; parameters: number }[]>
  /** Share of the split answered right; null scheme is the float network. */
  accuracy(
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal: AbortSignal
  ): Promise<{ accuracy: number; images: number }>
}

/** @throws proxy.kernelMissing when the cost is `proxy` and a kernel of the model has none */
export type SearchCosts = (modelId: string, kind: CostKind, proxyId: string | null) => Promise<CostTable>
