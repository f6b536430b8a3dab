import type { AdaptiveRun, AdaptiveStep } from '@shared/contract/profile/profileAdaptive'
import type { NetworkCalibration } from '@shared/contract/proxy/proxyCalibration'

const steps = (factor: number): AdaptiveStep[] =>
  [16, 32, 48, 64, 96, 128].map((rows, at) => ({
    rows,
    boardSeconds: 2.5 * (at + 1) * factor,
    unseenShapeMape: 9 - at,
    judgeMape: 3 + (9 * factor) / (at + 1)
  }))

export const sampleAdaptiveRun: AdaptiveRun = {
  id: 'a1',
  boardId: 'virtual:small',
  boardName: 'Virtual board, small',
  state: 'cancelled',
  jobId: null,
  startedAtMs: 1_790_000_000_000,
  finishedAtMs: 1_790_000_060_000,
  error: null,
  request: {
    boardId: 'virtual:small',
    kernel: 'conv2d',
    modelId: 'm1',
    shapes: [],
    poolShapes: 48,
    judgeShapes: 8,
    pairs: [],
    repetitions: 2,
    seed: 1,
    firstRows: 16,
    batchRows: 16,
    targetMape: 5,
    budgetSeconds: 60,
    compareUniform: true,
    longestMs: 60_000
  },
  poolRows: 800,
  judgeRows: 32,
  stopped: 'budget',
  adaptive: steps(1),
  uniform: steps(1.3),
  knownRows: 12
}

export const sampleCalibration: NetworkCalibration = {
  boardId: 'virtual:small',
  boardName: 'Virtual board, small',
  modelId: 'm1',
  modelName: 'lenet5-fashion',
  unit: 'cycles',
  origin: 'simulated',
  buildId: 1,
  images: 4,
  measuredAtMs: 1_790_000_000_000,
  fewest: { bits: 1, measured: 1_480_000, predicted: 1_410_000 },
  most: { bits: 8, measured: 3_350_000, predicted: 3_260_000 },
  line: { factor: 1.0108, constant: 54_800 }
}
