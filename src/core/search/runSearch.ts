import type { StopSignal } from '../../shared/contract/framework/define'
import { createRandom } from '../math/random'
import { AppError } from '../../shared/errors'
import { checkScheme, type Scheme } from '../quant/scheme'
import { bestCandidate, type Candidate } from './candidate'
import type { GivenSensitivity } from './loss/givenSensitivity'
import { costsOf, fits, searchLimits, type SearchLimits } from './costs/limits'
import { createListing } from './proposals/listing'
import { lossOf, type Measure } from './objective'
import type { Objective } from '../../shared/vocabulary'
import { genesKey, genesOfScheme, schemeOfGenes, spaceSize, type SearchSpace } from './space'
import { startOrder } from './startOrder'
import type { StrategyName } from '../../shared/vocabulary'
import { strategies } from './strategies'
import type { Proposal, SearchState, Strategy } from './strategy'

/** What is searched, how, within what budgets; with the seed the trace is determined. */
export interface SearchSpec {
  readonly space: SearchSpace
  readonly strategy: StrategyName
  /** Used instead of the strategy of that name, for experiments with its settings. */
  readonly using?: Strategy
  readonly objective: Objective
  /** Budgets as shares of all-8-bit's cost, one per cost of the space; null: not limited. */
  readonly budgetRatios: readonly (number | null)[]
  readonly evaluations: number
  /** Schemes proposed at a time; does not depend on the number of workers, so that they do not change the trace. */
  readonly batch: number
  readonly seed: number
  /** Evaluated first, e.g. the scheme a quantized file was exported with; it may be the result. */
  readonly start?: Scheme | undefined
  /** In place of probes, for strategies that use sensitivities. */
  readonly sensitivity?: GivenSensitivity | undefined
}

/** Schemes that are evaluated at once unless a search names another number. */
export const defaultBatch = 4

/** Trace of a search and its best candidate; null where none is within the budgets. */
export interface SearchOutcome extends SearchLimits {
  readonly trace: readonly Candidate[]
  readonly best: Candidate | null
}

/** What a search needs from outside: evaluations, a way to report and to stop. */
export interface SearchHooks {
  /**
   * Called for all schemes of a batch at once, and for those of the next one where losses do not decide it; the
   * evaluator decides how many run at the same time.
   */
  evaluate(scheme: Scheme): Promise<Measure>
  /** In the order of the trace, as soon as the candidates before are there. */
  onCandidate?(candidate: Candidate): void | Promise<void>
  readonly signal?: Pick<StopSignal, 'aborted'>
  /** Lets other work of this thread run, every few milliseconds of a long computation; absent where the thread has none. */
  readonly pause?: () => Promise<void>
  /** Evaluated before: a resumed search starts behind them. */
  readonly known?: readonly Candidate[]
}

/**
 * Runs a search to its number of evaluations, to the end of the space, or to cancellation (which ends it with what it
 * has). Same plan and same measures give the same trace, however many evaluations run at once and also across a resume.
 */
export async function runSearch(plan: SearchSpec, hooks: SearchHooks): Promise<SearchOutcome> {
  const { space } = plan
  const limits = searchLimits(space, plan.budgetRatios)
  checkStart(plan)
  const strategy: Strategy = plan.using ?? strategies[plan.strategy]
  const trace: Candidate[] = [...(hooks.known ?? [])]
  const most = Math.min(plan.evaluations, spaceSize(space))
  const listing = createListing(space, limits.limits)
  const isStopped = (): boolean => hooks.signal?.aborted === true
  /** Begins with the first evaluations, which leave time for it: the first batch of most strategies needs no list. */
  let listed: Promise<void> | undefined
  const list = async (): Promise<void> => {
    if (strategy.usesMaximal !== true || hooks.pause === undefined) return
    await (listed ??= listing.inPieces(hooks.pause, isStopped))
  }
  const stateOf = createState(plan, limits, () => listing.whole())
  /** Evaluations that were started and are not reported yet, by genes. */
  const running = new Map<string, Promise<Measure>>()
  // A trace may end inside a batch: that batch is proposed again and only its rest is evaluated.
  let batch = trace.at(-1)?.batch ?? 0
  while (limits.isFeasible && trace.length < most && !isStopped()) {
    if (trace.length > 0 || plan.sensitivity !== undefined) await list()
    if (isStopped()) break
    const before = trace.filter((candidate) => candidate.batch < batch)
    const count = Math.min(plan.batch, most - before.length)
    const state = stateOf(before, batch)
    const proposals = withStart(plan, batch, strategy.propose(state, count), count)
    if (proposals.length === 0) break
    const rest = proposals.slice(trace.length - before.length)
    const ahead = proposedAhead(state, proposals)
    const isWhole = await evaluateBatch(rest, ahead, async (proposal, measure) => {
      const candidate = candidateOf(plan, limits, proposal, measure, trace.length, batch)
      trace.push(candidate)
      await hooks.onCandidate?.(candidate)
    })
    if (!isWhole) break
    batch++
  }
  const finalists = strategy.mayWin === undefined ? trace : trace.filter((entry) => strategy.mayWin!(entry))
  return { ...limits, trace, best: bestCandidate(finalists) }

  /** What the batch behind this one proposes, where losses do not decide it. */
  function proposedAhead(state: SearchState, proposals: readonly Proposal[]): readonly Proposal[] {
    const seen = new Set([...state.seen, ...proposals.map(({ genes }) => genesKey(genes))])
    const left = Math.min(plan.batch, most - seen.size)
    return left < 1 ? [] : (strategy.upcoming?.({ ...state, seen }, left) ?? [])
  }

  function begin(proposals: readonly Proposal[]): void {
    const known = trace.map(({ scheme }) => genesOfScheme(scheme, space.widths))
    const fresh = proposals.map(({ genes }) => genes).filter((genes) => !running.has(genesKey(genes)))
    for (const at of startOrder(fresh, known)) {
      const measure = hooks.evaluate(schemeOfGenes(space, fresh[at]))
      // A failure is thrown in its turn; the ones behind it must not end the process as unhandled.
      measure.catch(() => undefined)
      running.set(genesKey(fresh[at]), measure)
    }
  }

  /** Evaluates at once, reports in order; false when it was stopped on the way. Workers that are done early begin with what is ahead. */
  async function evaluateBatch(
    proposals: readonly Proposal[],
    ahead: readonly Proposal[],
    report: (proposal: Proposal, measure: Measure) => Promise<void>
  ): Promise<boolean> {
    begin(proposals)
    begin(ahead)
    list().catch(() => undefined) // Thrown where the list is awaited.
    for (const proposal of proposals) {
      const key = genesKey(proposal.genes)
      await report(proposal, await running.get(key)!)
      running.delete(key)
      if (isStopped()) return false
    }
    return true
  }
}

/** The first batch begins with the start. */
function withStart(
  { start, space }: SearchSpec,
  batch: number,
  proposals: readonly Proposal[],
  count: number
): readonly Proposal[] {
  if (start === undefined || batch > 0) return proposals
  const genes = genesOfScheme(start, space.widths)
  const others = proposals.filter((proposal) => genesKey(proposal.genes) !== genesKey(genes))
  return [{ genes, phase: 'search', expectedLoss: null }, ...others.slice(0, count - 1)]
}

/** @throws AppError scheme.invalid unless the start is a scheme of the space. */
function checkStart({ start, space }: SearchSpec): void {
  if (start === undefined) return
  checkScheme(start, space.layers)
  const outside = [...genesOfScheme(start, space.widths)].findIndex(
    (gene, at) => !space.choices[at].includes(gene)
  )
  if (outside < 0) return
  throw new AppError(
    'scheme.invalid',
    `The scheme to start from gives "${space.layers[outside >> 1]}" a width that is not allowed.`,
    'Allow its widths, or start from another scheme.'
  )
}

function createState(
  plan: SearchSpec,
  limits: SearchLimits,
  maximal: SearchState['maximal']
): (history: readonly Candidate[], batch: number) => SearchState {
  const random = createRandom(plan.seed)
  return (history, batch) => ({
    space: plan.space,
    limits: limits.limits,
    cheapest: limits.cheapest,
    objective: plan.objective,
    evaluations: plan.evaluations,
    given: plan.sensitivity,
    history,
    seen: new Set(history.map(({ scheme }) => genesKey(genesOfScheme(scheme, plan.space.widths)))),
    random: random.fork(batch),
    maximal
  })
}

function candidateOf(
  { space, objective }: SearchSpec,
  { limits }: SearchLimits,
  { genes, phase, expectedLoss }: Proposal,
  measure: Measure,
  index: number,
  batch: number
): Candidate {
  const costs = costsOf(space, genes)
  return {
    index,
    batch,
    scheme: schemeOfGenes(space, genes),
    cost: costs[0],
    costs,
    ...measure,
    loss: lossOf(objective, measure),
    feasible: fits(space, limits, genes),
    phase,
    expectedLoss
  }
}
