import { z } from 'zod'
import { searchSchema, type CandidateJson, type Search } from '../../shared/contract/search'
import { isShare } from '../../shared/score'

type Fields = Record<string, unknown>

/**
 * A search as it was stored. Records of versions that chose by accuracy alone have neither losses nor batches: they read as
 * searches for accuracy, one scheme at a time. Paired differences of a version that compared the items of other schemes are left out.
 */
export const storedSearchSchema = z
  .preprocess((value) => upgraded(value), searchSchema)
  .transform((search) => (arePairsOwn(search) ? search : withoutPairs(search)))

function upgraded(value: unknown): unknown {
  const record = value as Fields | null
  const request = record?.['request'] as Fields | undefined
  if (!record || !request || 'objective' in request || !Array.isArray(record['trace'])) return value
  return {
    ...record,
    request: { ...request, objective: 'accuracy', batch: 1 },
    about: null,
    otherLimits: [],
    trace: (record['trace'] as Fields[]).map(withoutLoss),
    best: record['best'] === null ? null : withoutLoss(record['best'] as Fields),
    test: record['test'] === null ? null : { split: 'test', versusInt8: null, ...(record['test'] as Fields) }
  }
}

function withoutLoss(candidate: Fields): Fields {
  const errorOf = (name: string): number | null =>
    typeof candidate[name] === 'number' ? 1 - candidate[name] : null
  return {
    ...candidate,
    batch: candidate['index'],
    costs: [candidate['cost']],
    kl: null,
    crossEntropy: null,
    mse: null,
    loss: errorOf('accuracy'),
    expectedLoss: errorOf('expectedAccuracy'),
    bestLoss: errorOf('bestAccuracy'),
    versusInt8: null
  }
}

/**
 * Whether every paired difference is that of the accuracies beside it. One that is not shows that the schemes of each batch were
 * exchanged, also those whose accuracies happen to be equal.
 */
function arePairsOwn({ metric, int8Accuracy, trace }: Search): boolean {
  if (int8Accuracy === null || !isShare(metric)) return true
  return trace.every(
    ({ accuracy, versusInt8: pair }) =>
      pair === null || Math.abs(accuracy - int8Accuracy - pair.difference) * pair.images < 0.5
  )
}

function withoutPairs(search: Search): Search {
  const unpaired = (candidate: CandidateJson): CandidateJson => ({ ...candidate, versusInt8: null })
  return { ...search, trace: search.trace.map(unpaired), best: search.best && unpaired(search.best) }
}
