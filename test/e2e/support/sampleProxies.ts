import { createRandom } from '@core/math/random'
import type { CommandOutput } from '@shared/contract/index'
import type { ProxyDetail, SampleSet } from '@shared/contract/proxy'

const random = createRandom(3)
const errors = (mape: number): ProxyDetail['splits']['train'] => ({
  count: 512,
  mape,
  r2: 0.993,
  mae: 1200,
  p95: mape * 2.6,
  spearman: 0.998,
  foldMape: { mean: mape, deviation: mape / 5, worst: mape * 1.4 },
  int8Mape: mape * 0.8,
  otherMape: mape * 1.05
})

export const sampleSets: SampleSet[] = [
  {
    source: { kind: 'board', boardId: 'virtual:small' },
    title: 'Virtual board, small',
    kernel: 'conv2d',
    unit: 'cycles',
    rows: 512,
    shapes: 32
  },
  {
    source: { kind: 'files', paths: ['/data/mico_high_conv2d_zoo.csv'] },
    title: 'mico_high_conv2d.csv',
    kernel: 'conv2d',
    unit: 'cycles',
    rows: 768,
    shapes: 48
  }
]

const bits = [8, 4, 2, 1]
const points: ProxyDetail['points'] = Array.from({ length: 320 }, (_, row) => {
  const activationBits = bits[row % 4]!
  const weightBits = bits[(row >> 2) % 4]!
  const macs = Math.round(10 ** (3 + (3 * row) / 320))
  const measured = macs * (1 + 0.3 * Math.max(activationBits, weightBits))
  const predicted = measured * (1 + 0.06 * random.normal())
  return {
    row,
    shape: `conv2d 14x14x${row % 16}`,
    activationBits,
    weightBits,
    macs,
    measured,
    predicted,
    low: predicted * 0.9,
    high: predicted * 1.1,
    sampleId: `s${row}`
  }
})

export const sampleProxyDetail: ProxyDetail = {
  proxy: {
    id: 'p1',
    title: 'Virtual board, small',
    kernel: 'conv2d',
    unit: 'cycles',
    requested: 'auto',
    estimator: 'residual',
    description: 'physical base x extra trees on what is left',
    rows: 512,
    shapes: 32,
    boardId: 'virtual:small',
    seed: 1,
    createdAtMs: 1_790_000_000_000,
    trainMape: 0.9,
    randomMape: 2.1,
    unseenShapeMape: 4.4,
    pinned: true
  },
  splits: { train: errors(0.9), random: errors(2.1), shape: errors(4.4) },
  points,
  interval: { level: 0.9, coverage: 0.883 },
  importance: [
    { feature: 'macs x max(QA, QW)', share: 0.52 },
    { feature: 'outputs', share: 0.21 },
    { feature: 'weights', share: 0.17 },
    { feature: 'im2col', share: 0.1 }
  ],
  perPair: [],
  learningCurve: [4, 8, 16, 24, 32].map((shapes) => ({
    shapes,
    mape: 40 / shapes + 3,
    deviation: 10 / shapes
  }))
}

export const sampleComparison: CommandOutput<'proxy.comparison'> = {
  title: 'Virtual board, small, conv2d',
  rows: (
    ['residual', 'physics', 'gaussianProcess', 'boosting', 'forest', 'twoStage', 'cbopsLinear'] as const
  ).map((estimator, index) => ({
    estimator,
    description: `${estimator} on log latency`,
    fitMs: 40 + 120 * index,
    splits: {
      train: errors(0.9 + index),
      random: errors(2.1 + 2 * index),
      shape: errors(4.4 + 6 * index),
      loso: errors(4.1 + 5 * index)
    }
  }))
}

export const sampleTransfer: CommandOutput<'proxy.transferCurve'> = {
  title: 'Virtual board, small to mico_high_conv2d.csv',
  points: ['log offset', 'GP on log ratio', 'from scratch'].flatMap((method, index) =>
    [5, 10, 25, 50, 100].map((n) => ({
      method,
      n,
      seenMape: 5 + (30 * (index + 1)) / n,
      seenDeviation: 4 / n,
      unseenMape: 7 + (40 * (index + 1)) / n,
      unseenDeviation: 6 / n
    }))
  )
}
