import { schemeKey } from '../../../core/quant/scheme'
import { paretoFront } from '../../../core/search/pareto'
import {
  costKindSchema,
  type CandidateJson,
  type CostKind,
  type Search
} from '../../../shared/contract/search'
import { namedScoreText } from '../../../shared/score'
import { countOf, formatCount, formatLoss } from '../../../shared/units'
import {
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'
import { clientOf, type LocalClient } from '../framework/localClient'
import { namedRun, runNote } from '../run/namedRun'

const measures = ['accuracy', 'loss', ...costKindSchema.options] as const
type FrontMeasure = (typeof measures)[number]

/** `bitbench search front`: the Pareto front of the Search page over two or three measures. */
export const searchFront: CliVerb = {
  summary: 'Schemes of a kept search that none beats over two or three measures.',
  usage: 'RUN [--over loss,size,…]',
  options: {
    over: {
      type: 'string',
      help: `two or three of ${measures.join(', ')} (default: accuracy and the cost of the search)`
    }
  },
  notes: ['Costs that the search did not budget are computed for its schemes.', runNote],
  run: printFront
}

async function printFront(args: CliArguments, context: CliContext) {
  const [given, ...more] = args.positionals
  if (given === undefined || more.length > 0) throw new UsageError('search front needs one search')
  const chosen = measuresOf(textOption(args, 'over'))
  const client = await clientOf(context)
  const searchId = await namedRun(client, given, { kinds: ['search'] })
  const { search } = await client.call('search.get', { searchId })
  const over = chosen ?? ['accuracy', search.request.cost]
  const placed = []
  for (const candidate of search.trace)
    placed.push({ candidate, places: await placesOf(client, search, candidate, over) })
  const front = paretoFront(placed, ({ places }) =>
    places.map(({ value }, at) => (over[at] === 'accuracy' ? -value : value))
  ).sort((a, b) => a.places[0].value - b.places[0].value)
  const rows = front.map(({ candidate: { index, scheme, feasible }, places }) => ({
    ...{ index, scheme, feasible },
    measures: places
  }))
  const lines = rows.map(({ index, scheme, feasible, measures: own }) => {
    const texts = own.map(({ name, value, unit }) =>
      name === 'accuracy'
        ? namedScoreText(search.metric, value)
        : name === 'loss'
          ? `loss ${formatLoss(value)}`
          : `${name === unit ? '' : `${name} `}${formatCount(value)} ${unit}`
    )
    return `${index + 1}: ${schemeKey(scheme)} ${texts.join(', ')}${feasible ? '' : ', over the budget'}`
  })
  const head =
    rows.length === 0
      ? 'The search evaluated no scheme, so there is no front.'
      : `${rows.length} of ${countOf(search.trace.length, 'scheme')} on the front of ${over.join(', ')}, by search items`
  return { json: { searchId, over, front: rows }, text: [head, ...lines].join('\n') }
}

/** @throws UsageError unless two or three different measures are named */
function measuresOf(text: string | undefined): readonly FrontMeasure[] | null {
  if (text === undefined) return null
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(measures as readonly string[]).includes(name))
  if (unknown !== undefined) throw new UsageError(`--over takes ${measures.join(', ')}, not "${unknown}"`)
  if (names.length < 2 || names.length > 3 || new Set(names).size < names.length)
    throw new UsageError(`--over takes two or three different measures, not "${text}"`)
  return names as FrontMeasure[]
}

interface Place {
  readonly name: FrontMeasure
  readonly value: number
  /** Null where the measure has none. */
  readonly unit: string | null
}

async function placesOf(
  client: LocalClient,
  search: Search,
  candidate: CandidateJson,
  over: readonly FrontMeasure[]
): Promise<Place[]> {
  const places: Place[] = []
  for (const name of over) {
    if (name === 'accuracy' || name === 'loss') places.push({ name, value: candidate[name], unit: null })
    else places.push({ name, ...(await costOf(client, search, candidate, name)) })
  }
  return places
}

/** A cost that the search budgeted as it was priced then, any other one computed now. */
async function costOf(
  client: LocalClient,
  { request, costUnit, otherLimits }: Search,
  { costs, scheme }: CandidateJson,
  cost: CostKind
): Promise<{ value: number; unit: string }> {
  const at = [request.cost, ...request.alsoWithin.map((one) => one.cost)].indexOf(cost)
  if (at >= 0) return { value: costs[at], unit: at === 0 ? costUnit : otherLimits[at - 1].unit }
  const { modelId, proxyId } = request
  const priced = await client.call('search.cost', { modelId, cost, proxyId, scheme })
  return { value: priced.cost, unit: priced.unit }
}
