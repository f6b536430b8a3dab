import {
  compareBoards,
  compareCampaigns,
  compareDeployments,
  compareSearches
} from '../../core/compare/compareRuns'
import type { RunFigures } from '../../core/compare/figures'
import { compareCollections, type ComparedCollection } from '../../core/compare/compareCollections'
import { compareLoops, type ComparedLoop } from '../../core/compare/compareLoops'
import { compareEstimators } from '../../core/compare/compareEstimators'
import { compareProxies, type ComparedProxy } from '../../core/compare/compareProxies'
import { compareRecordings, type ComparedRecording } from '../../core/compare/compareRecordings'
import { compareWorkloads, type ComparedWorkload } from '../../core/compare/compareWorkloads'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { Deployment } from '../../shared/contract/deploy'
import type { EstimatorDetail } from '../../shared/contract/estimator'
import type { Sample } from '../../shared/contract/profile'
import type { Run, RunKindName } from '../../shared/contract/run'
import {
  boardPrefix,
  type runComparisonContract,
  type RunComparisonJson
} from '../../shared/contract/run/runComparison'
import type { Search } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'

/** A board with its Samples. */
export interface ComparedBoard {
  name: string
  newestAtMs: number
  samples: Sample[]
}

/** Reads runs of the kinds that can be compared. */
export interface ComparedRuns {
  run(id: string): Promise<Run>
  search(id: string): Promise<Search>
  deployment(id: string): Promise<Deployment>
  samples(campaignId: string): Promise<Sample[]>
  /** All Samples of a board, with its name and the time of the newest. @throws input.notFound where there is none */
  board(id: string): Promise<ComparedBoard>
  proxy(id: string): Promise<ComparedProxy>
  recording(id: string): Promise<ComparedRecording>
  workload(id: string): Promise<ComparedWorkload>
  estimator(id: string): Promise<EstimatorDetail>
  collection(id: string): Promise<ComparedCollection>
  loop(id: string): Promise<ComparedLoop>
}

/** Compares stored runs of one kind. */
export function createRunComparison(runs: ComparedRuns): {
  handlers: HandlersOf<typeof runComparisonContract>
} {
  const all = <R>(ids: readonly string[], read: (id: string) => Promise<R>): Promise<R[]> =>
    Promise.all(ids.map(read))
  const comparison =
    <R>(read: (id: string) => Promise<R>, compare: (found: R[]) => RunFigures) =>
    async (ids: readonly string[]): Promise<RunFigures> =>
      compare(await all(ids, read))
  const campaigns = comparison(runs.samples, compareCampaigns)
  const comparisons: Readonly<Record<RunKindName, (ids: readonly string[]) => Promise<RunFigures>>> = {
    search: comparison(runs.search, compareSearches),
    deployment: comparison(runs.deployment, compareDeployments),
    campaign: campaigns,
    adaptive: campaigns,
    proxy: comparison(runs.proxy, compareProxies),
    recording: comparison(runs.recording, compareRecordings),
    workload: comparison(runs.workload, compareWorkloads),
    estimator: comparison(runs.estimator, compareEstimators),
    collection: comparison(runs.collection, compareCollections),
    loop: comparison(runs.loop, compareLoops)
  }
  return {
    handlers: {
      async 'run.compare'({ ids }) {
        if (new Set(ids).size !== ids.length)
          throw new AppError('input.invalid', 'A run is named twice.', 'Name different runs.')
        const boards = ids.filter((id) => id.startsWith(boardPrefix))
        if (boards.length === ids.length) return await boardComparison(ids, runs)
        if (boards.length > 0)
          throw new AppError(
            'input.invalid',
            'Boards and runs cannot be compared.',
            'Name boards alone, or runs.'
          )
        const found = await all(ids, runs.run)
        const kind = found[0].kind
        const other = found.find((run) => run.kind !== kind)
        if (other !== undefined)
          throw new AppError(
            'input.invalid',
            `Runs of the kinds ${kind} and ${other.kind} cannot be compared.`,
            'Name runs of one kind.'
          )
        const named = found.map(({ id, name, title, startedAtMs }) => ({
          id,
          title: name ?? title,
          startedAtMs
        }))
        return { kind, runs: named, ...(await comparisons[kind](ids)) }
      }
    }
  }
}

/** Boards side by side, named as `board:ID`. */
async function boardComparison(
  ids: readonly string[],
  { board }: Pick<ComparedRuns, 'board'>
): Promise<RunComparisonJson> {
  const found = await Promise.all(ids.map((id) => board(id.slice(boardPrefix.length))))
  const named = found.map(({ name: title, newestAtMs: startedAtMs }, at) => ({
    id: ids[at],
    title,
    startedAtMs
  }))
  return { kind: 'board', runs: named, ...compareBoards(found.map(({ samples }) => samples)) }
}
