import type { CostKind } from '../contract/search'

/** What a budget of a search counts, as a word in a line: "75 % of int8’s latency". */
export const costKindTexts: Readonly<Record<CostKind, string>> = {
  proxy: 'latency',
  boardEnergy: 'energy on the board',
  bops: 'BOPs',
  size: 'weight size',
  ram: 'peak RAM',
  energy: 'energy (45 nm estimate)',
  bitfusion: 'BitFusion cycles'
}
