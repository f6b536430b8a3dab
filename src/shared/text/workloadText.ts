import type { WorkloadRun } from '../contract/workload'
import { formatBytes, unavailable } from '../units'
import type { ImpactRow, LayerRow, LoopCopies, StartTemperature } from '../contract/workload/workloadRows'

/** What has to be said beside the name of a layer: "as h.0.mlp, tied with wte"; empty without anything. */
export function layerNote({ sameAs, sharedWith }: Pick<LayerRow, 'sameAs' | 'sharedWith'>): string {
  const parts = [
    ...(sameAs === null ? [] : [`as ${sameAs}`]),
    ...(sharedWith.length === 0 ? [] : [`tied with ${sharedWith.join(', ')}`])
  ]
  return parts.join(', ')
}

/** "< 3.1e-13, below float32 rounding"; null for a KL that rounding alone cannot make, or of an earlier version. */
export function roundingText({
  klNats: { value },
  klRoundingNats: rounding
}: Pick<ImpactRow, 'klNats' | 'klRoundingNats'>): string | null {
  if (value === null || rounding === undefined || value > rounding) return null
  return `< ${rounding.toPrecision(2)}, below float32 rounding`
}

/** "41 °C" or "41 to 44 °C". */
export function startText(range: StartTemperature | null): string {
  if (range === null) return unavailable
  const { minC, maxC } = range
  return minC === maxC ? `${minC} °C` : `${minC} to ${maxC} °C`
}

/** "43 copies of inputs, 2.1 MB; L2 1 MiB". */
export function copiesText(copies: LoopCopies | null): string {
  if (copies === null) return unavailable
  const { count, bytes, cacheBytes } = copies
  const cache = cacheBytes === null ? 'cache unknown' : `L2 ${formatBytes(cacheBytes)}`
  return `${count} copies, ${formatBytes(bytes)}; ${cache}`
}

/** What the runner said of its figures, then what was noticed when they were judged. */
export const workloadNotes = ({ subject, tables }: Pick<WorkloadRun, 'subject' | 'tables'>): string[] => [
  ...(subject?.notes ?? []),
  ...tables.notes
]
