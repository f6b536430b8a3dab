import type { ProxyDetail, ProxySummary } from '../../shared/contract/proxy'
import { agree, differences, plainFigure as plain, type RunFigures } from './figures'
import { pairedDifference } from './intervals'

/** A proxy with its held-out predictions. */
export interface ComparedProxy {
  readonly proxy: Pick<
    ProxySummary,
    'kernel' | 'estimator' | 'boardId' | 'rows' | 'unseenShapeMape' | 'randomMape' | 'trainMape'
  >
  readonly points: readonly Pick<ProxyDetail['points'][number], 'shape' | 'measured' | 'predicted'>[]
}

/**
 * Proxies: their errors on rows and shapes that were not fitted, percent. Differences are over the shapes that both predicted
 * unseen: rows of one shape err together, so a shape counts once.
 */
export function compareProxies(compared: readonly ComparedProxy[]): RunFigures {
  const proxies = compared.map(({ proxy }) => proxy)
  const byShape = compared.map(errorByShape)
  return {
    notes: agree(proxies, ({ kernel }) => kernel) ? [] : ['They predict different kernels.'],
    figures: [
      plain(
        'Error on unseen shapes',
        '%',
        proxies.map(({ unseenShapeMape }) => unseenShapeMape)
      ),
      {
        ...{ name: 'Error on unseen shapes, mean of the shapes', unit: '%', how: 'difference' as const },
        values: byShape.map(meanOf),
        against: differences(byShape, pairedDifference)
      },
      plain(
        'Error on unseen rows',
        '%',
        proxies.map(({ randomMape }) => randomMape)
      ),
      plain(
        'Error on fitted rows',
        '%',
        proxies.map(({ trainMape }) => trainMape)
      ),
      plain(
        'Rows',
        'rows',
        proxies.map(({ rows }) => rows)
      )
    ],
    rows: [
      { name: 'kernel', cells: proxies.map(({ kernel }) => kernel) },
      { name: 'estimator', cells: proxies.map(({ estimator }) => estimator) },
      { name: 'board', cells: proxies.map(({ boardId }) => boardId ?? 'files') }
    ],
    curves: []
  }
}

/** Mean error of every shape's rows, percent; rows too short for the counter have none. */
function errorByShape({ proxy, points }: ComparedProxy): Map<string, number> {
  const found = new Map<string, number[]>()
  for (const { shape, measured, predicted } of points) {
    if (measured <= 0) continue
    // The same sizes of another kernel are another shape.
    const key = `${proxy.kernel} ${shape}`
    const known = found.get(key) ?? []
    found.set(key, known)
    known.push((100 * Math.abs(predicted - measured)) / measured)
  }
  return new Map([...found].map(([key, errors]) => [key, errors.reduce((a, b) => a + b, 0) / errors.length]))
}

function meanOf(errors: ReadonlyMap<string, number>): number | null {
  const all = [...errors.values()]
  return all.length === 0 ? null : all.reduce((sum, one) => sum + one, 0) / all.length
}
