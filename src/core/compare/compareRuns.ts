import type { Deployment } from '../../shared/contract/deploy'
import type { Sample } from '../../shared/contract/profile'
import type { CostKind, Search } from '../../shared/contract/search'
import { isShare, scoreTitle } from '../../shared/score'
import { budgetsOf, costUnder } from '../../shared/searchBudget'
import { budgetText, costKindTexts } from '../../shared/text/costText'
import { quantityOf } from '../../shared/vocabulary'
import { itemKey } from '../kernel/shape'
import { costFigure, type CostsByKey } from './costFigure'
import { ofNewestBuild } from '../profile/newestBuild'
import { paretoFront } from '../search/pareto'
import {
  agree,
  differences,
  plainFigure as plain,
  singleFigure as single,
  textRows,
  type RunFigure,
  type RunFigures
} from './figures'
import { figureRatio, shareDifference } from './intervals'

const bits = ({ weightBits, activationBits }: { weightBits: number; activationBits: number }): string =>
  `w${weightBits}a${activationBits}`

/** Searches: test accuracy with its difference, best loss and cost, schemes per layer, loss over evaluations, fronts. */
export function compareSearches(searches: readonly Search[]): RunFigures {
  const metric = agree(searches, (one) => one.metric) ? searches.at(0)?.metric : undefined
  const notes: string[] = []
  if (metric === undefined) notes.push('Their scores differ in kind: they are not comparable.')
  if (!agree(searches, ({ request }) => request.modelId))
    notes.push('The searches are about different networks.')
  if (!areOfSameData(searches)) notes.push('They judged by different data sets.')
  if (!agree(searches, ({ request }) => request.objective))
    notes.push('Their objectives differ: losses are not comparable.')
  if (!isSameCost(searches)) notes.push('Their costs differ: fronts are not comparable.')
  // One that evaluated nothing has no times to hold.
  const evaluated = searches.filter(({ trace }) => trace.length > 0)
  const timed = evaluated.filter((one) => timesOf(one) !== null).length
  if (timed > 0 && timed < evaluated.length)
    notes.push('Searches of an older version hold no times: they are left out of “best so far over time”.')
  return {
    notes,
    figures: searchFigures(searches, metric),
    rows: [...settingRows(searches), ...schemeRows(searches.map(({ best }) => best?.scheme))],
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

/** Searches of an older version do not say what they judged by. */
const areOfSameData = (searches: readonly Search[]): boolean =>
  agree(
    searches.filter(({ about }) => about !== null),
    ({ about }) => about?.dataSet
  )

/** Costs that differ from board to board. */
const boardCosts: readonly CostKind[] = ['proxy', 'boardEnergy', 'ram']

/** Whether first budgets count the same: cycles of a board are not BitFusion's, bytes of weights not those of a memory plan. */
const isSameCost = (searches: readonly Search[]): boolean =>
  agree(searches, ({ request }) => request.cost) &&
  agree(searches, ({ costUnit }) => costUnit) &&
  areOfSameBoard(searches, searches[0].request.cost)

/** Whether searches that budgeted a kind of cost were priced for one board, where that matters. */
const areOfSameBoard = (searches: readonly Search[], kind: CostKind): boolean =>
  !boardCosts.includes(kind) ||
  agree(
    searches.filter(({ about }) => about !== null),
    ({ about }) => about?.board
  )

/** Test accuracy with its interval, least loss, cost; `metric` undefined: their scores differ in kind. */
function searchFigures(searches: readonly Search[], metric: Search['metric'] | undefined): RunFigure[] {
  // The interval is one of shares of items: an AUC or R² has another.
  const test = (search: Search) =>
    search.test?.best == null || !isShare(search.metric)
      ? null
      : { share: search.test.best, items: search.test.images }
  const sameItems = agree(searches, ({ request }) => request.modelId) && areOfSameData(searches)
  const sameTest = metric !== undefined && sameItems && agree(searches, ({ test: one }) => one?.split)
  const sameLoss = sameItems && agree(searches, ({ request }) => request.objective)
  return [
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
    (sameLoss ? single : plain)(
      'Least loss within the budget',
      'loss',
      searches.map((one) => one.best?.loss ?? null)
    ),
    ...costFigures(searches),
    plain(
      'Schemes evaluated',
      'schemes',
      searches.map(({ trace }) => trace.length)
    )
  ]
}

/** Share of int8 that the best scheme costs, of every kind of cost that one of them budgeted. */
function costFigures(searches: readonly Search[]): RunFigure[] {
  const budgets = searches.map(budgetsOf)
  const kinds = [...new Set(budgets.flatMap((own) => own.map(({ cost }) => cost)))]
  return kinds.map((kind) => {
    const found = searches.map(({ best }, run) => {
      const at = budgets[run].findIndex(({ cost }) => cost === kind)
      if (at < 0) return null
      const { unit, baselineCost } = budgets[run][at]
      const cost = best === null ? null : costUnder(best, at)
      return { unit, share: cost === null ? null : cost / baselineCost }
    })
    const units = new Set(found.flatMap((one) => one?.unit ?? []))
    const having = searches.filter((_, at) => found[at] !== null)
    return (units.size > 1 || !areOfSameBoard(having, kind) ? plain : single)(
      kinds.length === 1 ? 'Cost of the best scheme' : `Cost of the best scheme: ${costKindTexts[kind]}`,
      'share of int8',
      found.map((one) => one?.share ?? null)
    )
  })
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
      .map((one) => `${budgetText(one.ratio)}’s ${costKindTexts[one.cost]}`)
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

/** Bits of every layer; a layer that a scheme does not have is empty. */
export function schemeRows(
  schemes: readonly (Deployment['request']['scheme'] | undefined)[]
): RunFigures['rows'] {
  const names = [...new Set(schemes.flatMap((scheme) => scheme?.map(({ layer }) => layer) ?? []))]
  return names.map((name) => ({
    name,
    cells: schemes.map((scheme) => {
      const found = scheme?.find(({ layer }) => layer === name)
      return found === undefined ? '' : bits(found)
    })
  }))
}

/** Deployments: measured cost, prediction error, accuracy on the board, memory; measured cost and bits of every layer. */
export function compareDeployments(deployments: readonly Deployment[]): RunFigures {
  const comparable = agree(deployments, ({ unit }) => unit)
  const sameNetwork = agree(deployments, ({ request }) => request.modelId)
  // Deployments of an older version do not say what they ran on.
  const sameData = agree(
    deployments.filter(({ dataSet }) => dataSet !== null),
    ({ dataSet }) => dataSet
  )
  const unit = comparable ? (deployments.at(0)?.unit ?? '') : ''
  const cost = (name: string, of: (one: Deployment) => Cost | null): RunFigure => {
    const costs = deployments.map(of)
    const values = costs.map((one) => one?.measured ?? null)
    return comparable ? costRatios(name, unit, costs) : plain(name, unit, values)
  }
  const bytes = (name: string, of: (one: Deployment) => number | undefined): RunFigure =>
    single(
      name,
      'bytes',
      deployments.map((one) => of(one) ?? null),
      'ratio'
    )
  const layers = [...new Set(deployments.flatMap((one) => one.layers.map(({ name }) => name)))]
  return {
    notes: [
      ...(comparable ? [] : ['Their units differ: costs are not comparable.']),
      ...(sameNetwork ? [] : ['They deployed different networks.']),
      ...(sameData ? [] : ['They ran on items of different data sets: their accuracies are not comparable.'])
    ],
    figures: [
      cost('Measured per image', (one) => one),
      single(
        'Error of the prediction',
        'share',
        deployments.map(({ relativeError }) => relativeError)
      ),
      accuracyFigure(deployments, sameNetwork && sameData),
      bytes('Peak RAM', ({ plan }) => plan?.peakRamBytes),
      bytes('Weights', ({ plan }) => plan?.weightsBytes),
      ...layers.map((name) =>
        cost(`Layer ${name}`, (one) => one.layers.find((layer) => layer.name === name) ?? null)
      )
    ],
    rows: [
      ...textRows(deployments, [
        ['network', ({ modelName }) => modelName],
        ['board', ({ boardName }) => boardName],
        ['data set', ({ dataSet }) => dataSet ?? ''],
        ['weights found by', ({ request }) => request.method],
        ['images', ({ imagesDone }) => String(imagesDone)],
        ['outputs', ({ bitExact }) => (bitExact === null ? '' : bitExact ? 'bit-exact' : 'different')]
      ]),
      ...schemeRows(deployments.map(({ request }) => request.scheme))
    ],
    curves: []
  }
}

/** A cost per image with its interval over the images. */
type Cost = Pick<Deployment, 'measured' | 'interval'>

/** Ratios of costs to the first; with an interval where both have one. */
function costRatios(name: string, unit: string, costs: readonly (Cost | null)[]): RunFigure {
  const figure = single(
    name,
    unit,
    costs.map((one) => one?.measured ?? null),
    'ratio'
  )
  const found = costs.map((one) => {
    const { measured: value, interval } = one ?? { measured: null, interval: null }
    return value === null || !interval ? null : { value, ...interval }
  })
  const against = figure.against.map((once, run) => {
    const [first, second] = [found[0], found[run]]
    return once === null || first === null || second === null ? once : (figureRatio(first, second) ?? once)
  })
  return { ...figure, against }
}

/** Of the same network and data also over other numbers of items: the interval is that of independent samples. */
function accuracyFigure(deployments: readonly Deployment[], areComparable: boolean): RunFigure {
  const share = (one: Deployment) =>
    one.boardAccuracy === null ? null : { share: one.boardAccuracy, items: one.imagesDone }
  return {
    ...plain(
      'Accuracy on the board',
      'share',
      deployments.map(({ boardAccuracy }) => boardAccuracy)
    ),
    against: differences(deployments, (a, b) => {
      const [first, second] = [share(a), share(b)]
      return areComparable && first !== null && second !== null ? shareDifference(first, second) : null
    }),
    how: 'difference'
  }
}

/**
 * Campaigns: for every kernel, bit pair and quantity the time or energy at the shapes that they have in common with the first. An
 * item that was measured beside a power meter has a Sample of each.
 */
export function compareCampaigns(campaigns: readonly (readonly Sample[])[]): RunFigures {
  const costs = campaigns.map(costsByPair)
  const pairs = [...new Set(costs.flatMap((byPair) => [...byPair.keys()]))].sort()
  const none: CostsByKey = new Map()
  const figures = pairs.map((pair) => {
    const unit = costs.map((byPair) => byPair.get(pair)?.unit).find((found) => found !== undefined)
    return costFigure(
      pair,
      unit ?? '',
      'shape',
      costs.map((byPair) => byPair.get(pair)?.byShape ?? none)
    )
  })
  const areOfSameUnits = agree(
    campaigns.filter((samples) => samples.length > 0),
    (samples) => [...new Set(samples.map(({ unit }) => unit))].sort().join(' ')
  )
  const notes = areOfSameUnits
    ? []
    : ['They measured in different units: only Samples of one unit are compared.']
  const haveCommon = figures.some(({ against }) => against.some((one) => one !== null))
  if (areOfSameUnits && !haveCommon) notes.push('They measured no shape in common.')
  return { notes, figures, rows: [], curves: [] }
}

/**
 * Boards by all their Samples: the newest of every item, of each kernel's newest firmware. Otherwise as campaigns are compared.
 *
 * @param boards Samples of each board, in any order
 */
export function compareBoards(boards: readonly (readonly Sample[])[]): RunFigures {
  const present = boards.map((samples) =>
    ofNewestBuild(samples).sort((a, b) => a.measuredAtMs - b.measuredAtMs)
  )
  const compared = compareCampaigns(present)
  const used = plain(
    'Samples of the newest firmware',
    'samples',
    present.map((samples) => samples.length)
  )
  return {
    ...compared,
    figures: [...compared.figures, used],
    rows: textRows(present, [
      ['origin', (samples) => [...new Set(samples.map(({ origin }) => origin))].sort().join(', ')],
      ['core', (samples) => [...new Set(samples.map(({ coreName }) => coreName ?? ''))].sort().join(', ')]
    ])
  }
}

/** Costs of a campaign by pair, then by shape and unit; a time too short for the counter has no ratio and is left out. */
function costsByPair(
  samples: readonly Sample[]
): Map<string, { unit: string; byShape: Map<string, number> }> {
  const byPair = new Map<string, { unit: string; byShape: Map<string, number> }>()
  for (const sample of samples) {
    const pair = `${sample.kernel} ${bits(sample)}${quantityOf(sample.unit) === 'energy' ? ', energy' : ''}`
    const found = byPair.get(pair) ?? { unit: sample.unit, byShape: new Map<string, number>() }
    byPair.set(pair, found)
    if (sample.time > 0) found.byShape.set(`${itemKey(sample)} ${sample.unit}`, sample.time)
  }
  return byPair
}
