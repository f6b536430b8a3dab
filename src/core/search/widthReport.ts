import { formatLoss } from '../../shared/units'
import type { Bits, Scheme } from '../quant/scheme'

/**
 * What one layer width loses and saves when it alone is lowered, or widths of neighbouring layers that were lowered together
 * (searches of many layers probe them so), read from the probes of a search.
 */
export interface WidthReport {
  /** In network order. */
  readonly layers: readonly string[]
  readonly what: 'weight' | 'activation'
  /** The width they were lowered to; all else at 8 bits. */
  readonly bits: Bits
  /** Loss added to all-8-bit's. */
  readonly lossAdded: number
  /** Share of all-8-bit's cost that is saved; negative where fewer bits are dearer. */
  readonly costSaved: number
  /** Loss per percent of cost saved; null where nothing is saved. */
  readonly lossPerPercent: number | null
}

interface Evaluated {
  readonly scheme: Scheme
  readonly cost: number
  readonly loss: number
}

/**
 * One row for every candidate that differs from all-8-bit in one width, or in one width of some layers that follow each other,
 * cheapest loss per cost first: the widths at the top are those a scheme should lower. Empty when the trace has no all-8-bit
 * candidate or no such probes.
 */
export function widthReports(trace: readonly Evaluated[]): WidthReport[] {
  const base = trace.find(({ scheme }) =>
    scheme.every(({ weightBits, activationBits }) => weightBits === 8 && activationBits === 8)
  )
  if (base === undefined) return []
  const rows = trace.flatMap(({ scheme, loss, cost }): WidthReport[] => {
    const lowered = loweredTogether(scheme)
    if (lowered === null) return []
    const lossAdded = loss - base.loss
    const costSaved = 1 - cost / base.cost
    const lossPerPercent = costSaved > 0 ? lossAdded / (100 * costSaved) : null
    return [{ ...lowered, lossAdded, costSaved, lossPerPercent }]
  })
  return rows.sort((a, b) => (a.lossPerPercent ?? Infinity) - (b.lossPerPercent ?? Infinity))
}

/** "conv1", or "conv2 to fc1 (4 layers)" for layers that follow each other. */
export function layersText(layers: readonly string[]): string {
  return layers.length === 1 ? layers[0] : `${layers[0]} to ${layers.at(-1)} (${layers.length} layers)`
}

/** Why a scheme is as it is: the lowered widths whose probe lost most per cost, and the full ones whose probe lost least. */
export function schemeReasons(reports: readonly WidthReport[], scheme: Scheme): string[] {
  const bits = new Map(scheme.map((entry) => [entry.layer, entry]))
  const isFull = ({ layers, what }: WidthReport): boolean =>
    layers.every((layer) => (bits.get(layer)?.[`${what}Bits`] ?? 8) === 8)
  const known = reports.filter(({ lossPerPercent }) => lossPerPercent !== null)
  const dearest = known.filter((report) => !isFull(report)).at(-1)
  const next = known.find(isFull)
  const name = ({ layers, what }: WidthReport): string =>
    `the ${what === 'weight' ? 'weights' : 'activations'} of ${layersText(layers)}`
  const rate = ({ lossPerPercent }: WidthReport): string =>
    `${formatLoss(lossPerPercent, 5)} loss per percent of cost`
  return [
    ...(dearest === undefined
      ? []
      : [`Raising ${name(dearest)} would gain most: ${rate(dearest)} by its probe.`]),
    ...(next === undefined ? [] : [`Lowering ${name(next)} would be the cheapest next step: ${rate(next)}.`])
  ]
}

/** Null unless only weights or only activations are lowered, to one width, in neighbouring layers but not in all. */
function loweredTogether(scheme: Scheme): Pick<WidthReport, 'layers' | 'what' | 'bits'> | null {
  const places = (what: 'weightBits' | 'activationBits'): number[] =>
    [...scheme.keys()].filter((at) => scheme[at][what] < 8)
  const [weights, activations] = [places('weightBits'), places('activationBits')]
  if (weights.length > 0 === activations.length > 0) return null
  const [found, key] =
    weights.length > 0 ? ([weights, 'weightBits'] as const) : ([activations, 'activationBits'] as const)
  const first = found[0]
  const bits = scheme[first][key]
  const isRun = found.every((at, rank) => at === first + rank && scheme[at][key] === bits)
  if (!isRun || (found.length > 1 && found.length === scheme.length)) return null
  return {
    layers: found.map((at) => scheme[at].layer),
    what: key === 'weightBits' ? 'weight' : 'activation',
    bits
  }
}
