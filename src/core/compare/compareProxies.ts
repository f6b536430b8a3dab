import type { ProxyDetail, ProxySummary } from '../../shared/contract/proxy'
import { quantityOf } from '../../shared/vocabulary'
import { mean } from '../math/mean'
import { agree, differences, plainFigure, singleFigure, type RunFigures } from './figures'
import { pairedDifference } from './intervals'

/** A proxy with its held-out predictions. */
export interface ComparedProxy {
  readonly proxy: Pick<
    ProxySummary,
    'kernel' | 'unit' | 'estimator' | 'boardId' | 'rows' | 'unseenShapeMape' | 'randomMape' | 'trainMape'
  >
  readonly points: readonly Pick<
    ProxyDetail['points'][number],
    'shape' | 'activationBits' | 'weightBits' | 'measured' | 'predicted'
  >[]
}

/**
 * Proxies: their errors on rows and shapes that were not fitted, percent. Differences are over the rows that both predicted
 * unseen, by shape: rows of one shape err together, so a shape counts once.
 */
export function compareProxies(compared: readonly ComparedProxy[]): RunFigures {
  const proxies = compared.map(({ proxy }) => proxy)
  const errors = compared.map(errorsOf)
  const against = differences(errors, (a, b) => pairedDifference(byShape(a, b), byShape(b, a)))
  const notes = [
    ...(agree(proxies, ({ kernel }) => kernel) ? [] : ['They predict different kernels.']),
    ...(agree(proxies, ({ unit }) => quantityOf(unit)) ? [] : ['Some predict latency and some energy.'])
  ]
  const error = notes.length === 0 ? singleFigure : plainFigure
  // A missing interval is never left without its reason.
  if (notes.length === 0 && against.slice(1).includes(null)) {
    notes.push('Fewer than two shapes were predicted unseen by both: without them there is no interval.')
  }
  return {
    notes,
    figures: [
      error(
        'Error on unseen shapes',
        '%',
        proxies.map(({ unseenShapeMape }) => unseenShapeMape)
      ),
      {
        ...{ name: 'Error on unseen shapes, mean of the shapes', unit: '%', how: 'difference' as const },
        values: errors.map((one) => meanOf(byShape(one))),
        against
      },
      error(
        'Error on unseen rows',
        '%',
        proxies.map(({ randomMape }) => randomMape)
      ),
      error(
        'Error on fitted rows',
        '%',
        proxies.map(({ trainMape }) => withoutRounding(trainMape))
      ),
      plainFigure(
        'Rows',
        'rows',
        proxies.map(({ rows }) => rows)
      )
    ],
    rows: [
      { name: 'kernel', cells: proxies.map(({ kernel }) => kernel) },
      { name: 'unit', cells: proxies.map(({ unit }) => unit) },
      { name: 'estimator', cells: proxies.map(({ estimator }) => estimator) },
      { name: 'board', cells: proxies.map(({ boardId }) => boardId ?? 'files') }
    ],
    curves: []
  }
}

/** Trees remember their rows up to the rounding of doubles, which is no error. */
const withoutRounding = (percent: number | null): number | null =>
  percent !== null && percent < 1e-9 ? 0 : percent

/** Errors of the rows that were predicted unseen, percent, by shape and bits; rows too short for the counter have none. */
function errorsOf({ proxy, points }: ComparedProxy): RowErrors {
  // Of a single shape nothing is unseen: these are the errors of fitted rows.
  if (proxy.unseenShapeMape === null) return new Map()
  const lists = new Map<string, { shape: string; errors: number[] }>()
  for (const { shape, activationBits, weightBits, measured, predicted } of points) {
    if (measured <= 0) continue
    // The same sizes of another kernel are another shape, and energy is no time.
    const known = `${proxy.kernel} ${quantityOf(proxy.unit)} ${shape}`
    const row = `${known} ${activationBits} ${weightBits}`
    const list = lists.get(row) ?? { shape: known, errors: [] }
    lists.set(row, list)
    list.errors.push((100 * Math.abs(predicted - measured)) / measured)
  }
  return new Map([...lists].map(([row, { shape, errors }]) => [row, { shape, error: mean(errors) }]))
}

type RowErrors = ReadonlyMap<string, { readonly shape: string; readonly error: number }>

/** Mean error of every shape; with `others` over the rows that they have too. */
function byShape(rows: RowErrors, others: RowErrors = rows): Map<string, number> {
  const found = new Map<string, number[]>()
  for (const [row, { shape, error }] of rows) {
    if (!others.has(row)) continue
    const known = found.get(shape) ?? []
    found.set(shape, known)
    known.push(error)
  }
  return new Map([...found].map(([key, errors]) => [key, mean(errors)]))
}

const meanOf = (errors: ReadonlyMap<string, number>): number | null =>
  errors.size === 0 ? null : mean([...errors.values()])
