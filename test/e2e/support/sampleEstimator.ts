import type { EstimatorDetail } from '@shared/contract/estimator'
import { collectionRequestSchema, type Collection } from '@shared/contract/estimator/collection'

const errors = (mape: number) => ({
  ...{ count: 120, mape, maeMs: 10 * mape, rmseMs: 14 * mape, r2: 0.98, p95Ms: 28 * mape },
  relative: mape
})
const outcome = (share: number) => ({
  ...{ candidates: 24, accepted: Math.round(24 * share), measureShare: share },
  ...{ violationsWithout: 0.3, violationsWith: 0.02, falseReject: 0.05, falseAccept: 0.02 }
})
const points = Array.from({ length: 40 }, (_, at) => ({
  configuration: `c${at % 8}`,
  measuredMs: 400 + 60 * at,
  predictedMs: (400 + 60 * at) * (1 + 0.04 * Math.sin(at))
}))

/** An invented estimator of three stages with everything that its page shows. */
export const sampleEstimator: EstimatorDetail = {
  estimator: {
    ...{ id: 'e1', title: 'Vision-language, physical and boosted', model: 'physical' },
    ...{ stages: ['vision', 'prefill', 'decode'], rows: { train: 480, validation: 120 }, origin: 'measured' },
    ...{ seed: 1, createdAtMs: 1_790_000_000_000, totalMape: 3.1 }
  },
  knobs: [
    { name: 'batch', levels: null, min: 1, max: 16 },
    { name: 'precision', levels: ['bf16', 'int8'], min: 0, max: 1 }
  ],
  outputTokens: { min: 16, max: 256 },
  evaluation: {
    stages: { vision: errors(2.2), prefill: errors(2.9), decode: errors(3.6) },
    decodePerToken: errors(3.8),
    total: errors(3.1),
    verdicts: ['prefill', 'decode total'].map((what) => ({
      ...{ what, relative: 3, thresholds: { good: 5 }, verdict: 'good' }
    })),
    perConfiguration: [
      {
        ...{ configuration: 'c1', samples: 15, prefillMaeMs: 11, decodeMaeMs: 40, totalMaeMs: 52 },
        totalMape: 3.4
      }
    ],
    definitions: {}
  },
  history: [],
  coverage: 0.91,
  position: { identifiable: true, rows: 480, slope: 0.0003, fittedSlope: 0.0003, low: 0.0001, high: 0.0005 },
  dropped: { byThreshold: 3, byConfiguration: 0 },
  guardrail: {
    budgetDefinition: 'share of the slowest configuration',
    margin: 0.1,
    byFraction: [{ fraction: 0.5, budgetMs: 900, margin: outcome(0.4), interval: outcome(0.5) }],
    tradeOff: {
      fraction: 0.5,
      margins: [
        { margin: 0, ...outcome(0.6) },
        { margin: 0.1, ...outcome(0.4) }
      ],
      interval: outcome(0.5)
    }
  },
  points
}

const collection = (more: Partial<Collection>): Collection => ({
  ...{ id: 'collected', jobId: null, state: 'done', startedAtMs: 1_790_000_000_000, finishedAtMs: null },
  request: collectionRequestSchema.parse({ runner: { kind: 'onnx', model: 'gloss-language' } }),
  subject: {
    ...{ model: 'gloss-language', runner: 'onnx', runtime: 'onnxruntime 1.30.0', device: 'cpu' },
    ...{ deviceName: null, threads: 1, notes: [] }
  },
  ...{ offer: null, measured: 40, failed: 0, firstFailure: null, message: null },
  steps: Array.from({ length: 40 }, (_, at) => ({ knobs: { promptTokens: 1 + (at % 20) }, outputTokens: 4 })),
  ...more
})

/** Invented collections: one that is done, one that was interrupted. */
export const sampleCollections: Collection[] = [
  collection({}),
  collection({
    ...{ id: 'interrupted', state: 'interrupted', measured: 13, failed: 2 },
    message: 'The runner ended with code 137.'
  })
]
