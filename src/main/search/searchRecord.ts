import { z } from 'zod'
import { searchSchema } from '../../shared/contract/search'

type Fields = Record<string, unknown>

/**
 * A search as it was stored. Records of versions that chose by accuracy alone have neither losses nor batches: they read as
 * searches for accuracy, one scheme at a time.
 */
export const storedSearchSchema = z.preprocess((value) => upgraded(value), searchSchema)

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
