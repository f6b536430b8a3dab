import type { CostKind } from '../contract/search'
import { formatAmount, formatBytes } from '../units'
import type { CostUnit } from '../vocabulary'

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

/** A cost in its own unit: bytes with binary prefixes, BOPs, cycles and instructions with SI prefixes. */
export function costText(cost: number | null | undefined, unit: CostUnit): string {
  if (unit === 'bytes') return formatBytes(cost)
  return formatAmount(cost, unit === 'bops' ? 'BOPs' : unit)
}

/** A budget as a share of int8's cost, without digits that it does not have: 0.75 -> "75 % of int8", 0.995 -> "99.5 % of int8". */
export function budgetText(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(4))} % of int8`
}
