import { countOf } from '../../shared/units'
import { mean } from '../math/mean'
import { differences, type RunFigure } from './figures'
import { meanRatio } from './intervals'

/** Costs of one run by what they were measured at (shape, configuration): above 0. */
export type CostsByKey = ReadonlyMap<string, number>

/**
 * Costs of runs at what they have in common with the first: geometric means, and their ratio to the first with Student's interval
 * over the keys (none for a single key). All are over the same keys: those of every run that shares any with the first. Where no key
 * is common to all of them there are no means, and each ratio is over the keys of its pair.
 * @param noun of a key, e.g. "shape"; the name says how many were compared
 */
export function costFigure(
  name: string,
  unit: string,
  noun: string,
  costs: readonly CostsByKey[]
): RunFigure {
  const shared = costs.map((one) => [...costs[0].keys()].filter((key) => one.has(key)))
  const taking = shared.map((keys, run) => run > 0 && keys.length > 0)
  const common = shared[0].filter((key) => costs.every((one, run) => !taking[run] || one.has(key)))
  const isCompared = taking.includes(true)
  const isCommon = isCompared && common.length > 0
  const keysOf = (run: number): readonly string[] => (isCommon ? (taking[run] ? common : []) : shared[run])
  return {
    name: isCommon ? `${name} (${countOf(common.length, noun)})` : name,
    ...{ unit, how: 'ratio' },
    values: costs.map((one, run) =>
      isCommon && (run === 0 || taking[run]) ? geometricMean(common.map((key) => one.get(key)!)) : null
    ),
    against: differences([...costs.keys()], (_, run) => {
      const ratios = keysOf(run).map((key) => costs[run].get(key)! / costs[0].get(key)!)
      const [only] = ratios
      if (only !== undefined && ratios.length === 1) return { value: only, low: null, high: null }
      return meanRatio(ratios)
    })
  }
}

/** Of a single value that value, to its last digit. */
const geometricMean = (values: readonly number[]): number =>
  values.length === 1 ? values[0] : Math.exp(mean(values.map(Math.log)))
