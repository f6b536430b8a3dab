import { compareCampaigns, compareDeployments, compareSearches } from '../../core/compare/compareRuns'
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
import type { runComparisonContract } from '../../shared/contract/run/runComparison'
import type { Search } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'

/** Reads runs of the kinds that can be compared. */
export interface ComparedRuns {
  run(id: string): Promise<Run>
  search(id: string): Promise<Search>
  deployment(id: string): Promise<Deployment>
  samples(campaignId: string): Promise<Sample[]>
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
  const compare = async (kind: RunKindName, ids: readonly string[]): Promise<RunFigures> => {
    if (kind === 'search') return compareSearches(await all(ids, runs.search))
    if (kind === 'deployment') return compareDeployments(await all(ids, runs.deployment))
    if (kind === 'campaign' || kind === 'adaptive') return compareCampaigns(await all(ids, runs.samples))
    if (kind === 'proxy') return compareProxies(await all(ids, runs.proxy))
    if (kind === 'recording') return compareRecordings(await all(ids, runs.recording))
    if (kind === 'workload') return compareWorkloads(await all(ids, runs.workload))
    if (kind === 'estimator') return compareEstimators(await all(ids, runs.estimator))
    if (kind === 'collection') return compareCollections(await all(ids, runs.collection))
    return compareLoops(await all(ids, runs.loop))
  }
  return {
    handlers: {
      async 'run.compare'({ ids }) {
        if (new Set(ids).size !== ids.length)
          throw new AppError('input.invalid', 'A run is named twice.', 'Name different runs.')
        const found = await all(ids, runs.run)
        const kind = found[0].kind
        const other = found.find((run) => run.kind !== kind)
        if (other !== undefined)
          throw new AppError(
            'input.invalid',
            `Runs of the kinds ${kind} and ${other.kind} cannot be compared.`,
            'Name runs of one kind.'
          )
        const named = found.map(({ id, name, title }) => ({ id, title: name ?? title }))
        return { kind, runs: named, ...(await compare(kind, ids)) }
      }
    }
  }
}
