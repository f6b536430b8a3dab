import type { CostUnit } from '@shared/vocabulary'
import { formatAmount, formatBytes } from '@shared/units'

/** A cost in its own unit: bytes with binary prefixes, BOPs, cycles and instructions with SI prefixes. */
export function costText(cost: number | null | undefined, unit: CostUnit): string {
  if (unit === 'bytes') return formatBytes(cost)
  return formatAmount(cost, unit === 'bops' ? 'BOPs' : unit)
}
