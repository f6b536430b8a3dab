import type { Deployment } from '../../shared/contract/deploy'
import type { Sample } from '../../shared/contract/profile'
import type { Search } from '../../shared/contract/search'
import { isShare, scoreTitle } from '../../shared/score'
import { costKindTexts } from '../../shared/text/costText'
import { quantityOf } from '../../shared/vocabulary'
import { itemKey } from '../kernel/shape'
import { paretoFront } from '../search/pareto'
import { agree, differences, plainFigure as plain, textRows, type RunFigures } from './figures'
import { meanRatio, shareDifference } from './intervals'

const bits = ({ weightBits, activationBits }: { weightBits: number; activationBits: number }): string =>
  `w${weightBits}a${activationBits}`

/** Searches: test accuracy with its difference, best loss and cost, schemes per layer, loss over evaluations, fronts. */
export function compareSearches(searches: readonly Search[]): RunFigures {
  const metric = agree(searches, (one) => one.metric) ? searches.at(0)?.metric : undefined
  // The interval is one of shares of items: an AUC or R² has another.
  const test = (search: Search) =>
    search.test?.best == null || !isShare(search.metric)
      ? null
      : { share: search.test.best, items: search.test.images }
  const sameTest =
    metric !== undefined &&
    agree(searches, ({ request }) => request.modelId) &&
    agree(searches, ({ test: one }) => one?.split)
  const notes: string[] = []
  if (metric === undefined) notes.push('Their scores differ in kind: they are not comparable.')
  if (!agree(searches, ({ request }) => request.modelId))
    notes.push('The searches are about different networks.')
  if (!agree(searches, ({ request }) => request.objective))
    notes.push('Their objectives differ: losses are not comparable.')
  if (!agree(searches, ({ costUnit }) => costUnit))
    notes.push('Their costs differ: fronts are not comparable.')
  const timed = searches.filter((one) => timesOf(one) !== null).length
  if (timed > 0 && timed < searches.length)
    notes.push('Searches of an older version hold no times: they are left out of “best so far over time”.')
  return {
    notes,
    figures: [
      {
        ...plain(
          `${metric === undefined ? 'Score' : scoreTitle(metric)} on items no choice was made on`,
          metric !== undefined && isShare(metric) ? 'share' : 'score',
          searches.map((one) => one.test?.best ?? null)
        ),
        against: differences(searches, (a, b) => {
          const [first, second] = [test(a), test(b)]
          return sameTest && first !== null && second !== null ? shareDifference(first, second) : null
        }),
        how: 'difference'
      },
      plain(
        'Least loss within the budget',
        'loss',
        searches.map((one) => one.best?.loss ?? null)
      ),
      plain(
        'Cost of the best scheme',
        'share of int8',
        searches.map((one) => (one.best === null ? null : one.best.cost / one.baselineCost))
      ),
      plain(
        'Schemes evaluated',
        'schemes',
        searches.map(({ trace }) => trace.length)
      )
    ],
    rows: [...settingRows(searches), ...layerRows(searches)],
    curves: searches.flatMap((one, run) => [
      {
        ...{ run, name: 'best so far', x: one.trace.map(({ index }) => index + 1) },
        y: one.trace.map(({ bestLoss }) => bestLoss)
      },
      ...overTime(one, run),
      frontOf(one, run)
    ])
  }
}

/** When each scheme of the trace was kept, s of evaluating; null where it is not known of all of them. */
function timesOf({ trace, speed }: Search): number[] | null {
  const keptAtMs = speed?.keptAtMs
  if (keptAtMs === undefined || keptAtMs.length !== trace.length || trace.length === 0) return null
  return keptAtMs.map((ms) => ms / 1000)
}

function overTime(search: Search, run: number): RunFigures['curves'] {
  const x = timesOf(search)
  const y = search.trace.map(({ bestLoss }) => bestLoss)
  return x === null ? [] : [{ run, name: 'best so far over time', x, y }]
}

/** Schemes that no other one beats in cost and loss, by rising cost. */
function frontOf(search: Search, run: number): RunFigures['curves'][number] {
  const front = paretoFront(search.trace, ({ cost, loss }) => [cost, loss]).sort((a, b) => a.cost - b.cost)
  return {
    ...{ run, name: 'front', x: front.map(({ cost }) => cost / search.baselineCost) },
    y: front.map(({ loss }) => loss)
  }
}

/** Settings of each search. */
function settingRows(searches: readonly Search[]): RunFigures['rows'] {
  const limits = ({ request: { cost, budgetRatio, alsoWithin } }: Search): string =>
    [...(budgetRatio == null ? [] : [{ cost, ratio: budgetRatio }]), ...(alsoWithin ?? [])]
      .map((one) => `${Number((100 * one.ratio).toPrecision(4))} % of int8’s ${costKindTexts[one.cost]}`)
      .join(', ') || 'none'
  return textRows(searches, [
    ['network', ({ about }) => about?.model ?? ''],
    ['data set', ({ about }) => about?.dataSet ?? ''],
    ['board', ({ about }) => about?.board ?? ''],
    ['strategy', ({ request }) => `${request.strategy}, seed ${request.seed}`],
    ['minimises', ({ request }) => request.objective],
    ['budget', limits],
    ['candidates', ({ request }) => request.method]
  ])
}

/** Bits of every layer of the best schemes; a layer that a network does not have is empty. */
function layerRows(searches: readonly Search[]): RunFigures['rows'] {
  const names = [...new Set(searches.flatMap(({ best }) => best?.scheme.map(({ layer }) => layer) ?? []))]
  return names.map((name) => ({
    name,
    cells: searches.map(({ best }) => {
      const found = best?.scheme.find(({ layer }) => layer === name)
      return found === undefined ? '' : bits(found)
    })
  }))
}

/** Deployments: measured cost, prediction error, accuracy on the board; measured cost per layer. */
export function compareDeployments(deployments: readonly Deployment[]): RunFigures {
  const comparable = agree(deployments, ({ unit }) => unit)
  const layers = [...new Set(deployments.flatMap((one) => one.layers.map(({ name }) => name)))]
  const share = (one: Deployment) =>
    one.boardAccuracy === null ? null : { share: one.boardAccuracy, items: one.imagesDone }
  const sameItems =
    agree(deployments, ({ request }) => request.modelId) && agree(deployments, (one) => one.imagesDone)
  return {
    notes: comparable ? [] : ['Their units differ: costs are not comparable.'],
    figures: [
      plain(
        'Measured per image',
        'of the board',
        deployments.map(({ measured }) => measured)
      ),
      plain(
        'Error of the prediction',
        'share',
        deployments.map(({ relativeError }) => relativeError)
      ),
      {
        ...plain(
          'Accuracy on the board',
          'share',
          deployments.map(({ boardAccuracy }) => boardAccuracy)
        ),
        against: differences(deployments, (a, b) => {
          const [first, second] = [share(a), share(b)]
          return sameItems && first !== null && second !== null ? shareDifference(first, second) : null
        }),
        how: 'difference'
      },
      plain(
        'Peak RAM',
        'bytes',
        deployments.map(({ plan }) => plan?.peakRamBytes ?? null)
      )
    ],
    rows: layers.map((name) => ({
      name,
      cells: deployments.map((one) => {
        const layer = one.layers.find((candidate) => candidate.name === name)
        const scheme = one.request.scheme.find((candidate) => candidate.layer === name)
        const cost = layer === undefined ? '' : `${layer.measured} ${one.unit}`
        return [scheme === undefined ? '' : bits(scheme), cost].filter((text) => text !== '').join(', ')
      })
    })),
    curves: []
  }
}

/**
 * Campaigns: for every kernel, bit pair and quantity, time or energy against the first campaign at the shapes that both measured. An
 * item that was measured beside a power meter has a Sample of each.
 */
export function compareCampaigns(campaigns: readonly (readonly Sample[])[]): RunFigures {
  const keyOf = (sample: Sample): string => `${itemKey(sample)} ${quantityOf(sample.unit)}`
  const byItem = campaigns.map((samples) => new Map(samples.map((sample) => [keyOf(sample), sample])))
  const pairOf = (sample: Sample): string =>
    `${sample.kernel} ${bits(sample)}${quantityOf(sample.unit) === 'energy' ? ', energy' : ''}`
  const pairs = [...new Set(campaigns.flat().map(pairOf))].sort()
  const ratios = byItem.map((items) => {
    const byPair = new Map(pairs.map((pair): [string, number[]] => [pair, []]))
    for (const [key, first] of byItem[0]) {
      const other = items.get(key)
      // Too short for the counter: no ratio.
      if (other?.unit === first.unit && first.time > 0 && other.time > 0)
        byPair.get(pairOf(first))!.push(other.time / first.time)
    }
    return byPair
  })
  const areOfSameUnits = agree(
    campaigns.filter((samples) => samples.length > 0),
    (samples) => [...new Set(samples.map(({ unit }) => unit))].sort().join(' ')
  )
  const notes = areOfSameUnits
    ? []
    : ['They measured in different units: only Samples of one unit are compared.']
  const haveCommon = ratios.slice(1).some((byPair) => [...byPair.values()].some((found) => found.length > 0))
  if (areOfSameUnits && !haveCommon) notes.push('They measured no shape in common.')
  return {
    notes,
    figures: pairs.map((pair) => ({
      ...{ name: pair, unit: 'shapes in common', how: 'ratio' as const },
      values: ratios.map((byPair) => byPair.get(pair)!.length),
      against: differences(ratios, (_, byPair) => meanRatio(byPair.get(pair)!))
    })),
    rows: [],
    curves: []
  }
}
