import { pairedOf } from '@core/search/paired'
import { createRandom } from '@core/math/random'
import type { Bits } from '@core/quant/scheme'
import type { Deployment, DeployPlan } from '@shared/contract/deploy'
import type { ModelInfo, SchemeJson } from '@shared/contract/model'
import type { ModelRanges, TensorRange } from '@shared/contract/model/modelRanges'
import type { CandidateJson, Search } from '@shared/contract/search'

const layers = ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']
const widths: Bits[] = [8, 4, 2, 1]
const node = (
  name: string,
  op: string,
  inputs: string[],
  outputShape: number[],
  macs: number,
  parameters: number
): ModelInfo['nodes'][number] => ({
  name,
  op,
  inputs,
  outputShape,
  macs,
  parameters,
  weighted: macs > 0,
  relu: macs > 0 && name !== 'fc3'
})

export const sampleModel: ModelInfo = {
  id: 'm1',
  name: 'lenet5-fashion',
  path: 'resources/models/lenet5-fashion.onnx',
  shipped: true,
  sizeBytes: 178_000,
  card: {
    name: 'LeNet-5',
    dataset: 'Fashion-MNIST',
    testAccuracy: 0.9081,
    testImages: 10_000,
    seed: 1,
    recipe: 'SGD with momentum, 12 epochs, cosine schedule',
    licence: 'MIT'
  },
  dataSet: null,
  ownData: null,
  inputShape: [1, 28, 28],
  outputCount: 10,
  nodes: [
    node('conv1', 'Conv', ['input'], [6, 28, 28], 117_600, 156),
    node('pool1', 'MaxPool', ['conv1'], [6, 14, 14], 0, 0),
    node('conv2', 'Conv', ['pool1'], [16, 10, 10], 240_000, 2416),
    node('pool2', 'MaxPool', ['conv2'], [16, 5, 5], 0, 0),
    node('fc1', 'Gemm', ['pool2'], [120], 48_000, 48_120),
    node('fc2', 'Gemm', ['fc1'], [84], 10_080, 10_164),
    node('fc3', 'Gemm', ['fc2'], [10], 840, 850)
  ],
  weightedLayers: layers,
  workloads: [],
  macs: 416_520,
  parameters: 61_706
}

const bell = (layer: string, least: number, largest: number, values: number): TensorRange => {
  const bins = 48
  const binWidth = (largest - least) / bins
  const counts = Array.from({ length: bins }, (_, bin) => {
    const distance = (least + (bin + 0.5) * binWidth) / (largest / 3)
    return Math.round((values / 8) * Math.exp((-distance * distance) / 2))
  })
  const total = counts.reduce((sum, count) => sum + count, 0)
  return {
    layer,
    values: total,
    notFinite: 0,
    zeros: counts[0]!,
    least,
    largest,
    binStart: least,
    binWidth,
    counts
  }
}
export const sampleRanges: ModelRanges = {
  modelId: 'm1',
  dataSet: 'Fashion-MNIST',
  weights: layers.map((layer, at) => bell(layer, -0.7 + at / 10, 0.65 - at / 10, 2400)),
  activations: sampleModel.nodes.map(({ name }, at) =>
    bell(name, name === 'fc3' ? -12.3 : 0, 4 + at, 240_000)
  ),
  items: 192,
  total: 256
}

const scheme = (bits: Bits[]): SchemeJson =>
  layers.map((layer, index) => ({
    layer,
    weightBits: bits[index]!,
    activationBits: index === 0 ? 8 : bits[(index + 1) % 5]!
  }))
const random = createRandom(5)
const trace: CandidateJson[] = Array.from({ length: 24 }, (_, index) => {
  const bits = layers.map(() => widths[random.integer(index === 0 ? 1 : 4)]!)
  const share = bits.reduce((sum, width) => sum + width, 0) / 40
  const accuracy = Math.min(0.9, 0.6 + 0.35 * share + 0.02 * random.normal())
  const loss = 0.91 - accuracy
  return {
    index,
    batch: index >> 2,
    scheme: scheme(bits),
    cost: 4_200_000 * share,
    costs: [4_200_000 * share],
    accuracy,
    kl: loss,
    crossEntropy: 0.3 + loss,
    mse: 4 * loss,
    loss,
    feasible: share <= 0.75,
    phase: index < 8 ? ('initial' as const) : index < 21 ? ('search' as const) : ('refine' as const),
    expectedLoss: index < 8 ? null : 0.04,
    bestLoss: index < 2 ? null : 0.07 - index * 0.002,
    bestAccuracy: index < 2 ? null : 0.84 + index * 0.002,
    versusInt8: pairedOf(1500, 90 + Math.round(1500 * Math.max(0, 0.901 - accuracy)), 90)
  }
})
const best = trace.filter(({ feasible }) => feasible).sort((a, b) => a.loss - b.loss)[0]!

export const sampleSearch: Search = {
  id: 's1',
  jobId: null,
  request: {
    modelId: 'm1',
    strategy: 'auto',
    objective: 'kl',
    cost: 'proxy',
    proxyId: null,
    budgetRatio: 0.75,
    alsoWithin: [],
    allowed: [],
    evaluations: 24,
    batch: 4,
    retrainTop: 0,
    method: 'ptq',
    seed: 1
  },
  state: 'done',
  startedAtMs: 1_790_000_000_000,
  about: { model: 'lenet5-fashion', dataSet: 'Fashion-MNIST', board: 'virtual:small' },
  otherLimits: [],
  costUnit: 'cycles',
  baselineCost: 4_200_000,
  minimumCost: 700_000,
  budget: 3_150_000,
  budgetFeasible: true,
  metric: 'accuracy',
  int8Accuracy: 0.901,
  floatAccuracy: 0.904,
  trace,
  best,
  test: {
    split: 'test',
    images: 1000,
    best: 0.893,
    int8: 0.902,
    float: 0.906,
    versusInt8: pairedOf(1000, 21, 12)
  },
  retrained: {
    method: 'ptq',
    entries: [{ index: best.index, kl: best.loss / 2, accuracy: best.accuracy + 0.004 }],
    kept: { index: best.index, isRetrained: true, kl: best.loss / 2 },
    test: { accuracy: 0.896, versusInt8: pairedOf(1000, 18, 12) }
  },
  error: null,
  speed: { evaluationMs: 9_200, wallMs: 2_600, evaluations: 32 }
}

const blocks: DeployPlan['blocks'] = [
  { name: 'input', offset: 4704, sizeBytes: 784, firstLayer: 0, lastLayer: 0 },
  { name: 'conv1', offset: 0, sizeBytes: 4704, firstLayer: 0, lastLayer: 1 },
  { name: 'conv1 scratch', offset: 5488, sizeBytes: 3200, firstLayer: 0, lastLayer: 0 },
  { name: 'pool1', offset: 4704, sizeBytes: 1176, firstLayer: 1, lastLayer: 2 },
  { name: 'conv2', offset: 0, sizeBytes: 1600, firstLayer: 2, lastLayer: 3 },
  { name: 'conv2 scratch', offset: 5888, sizeBytes: 3912, firstLayer: 2, lastLayer: 2 },
  { name: 'pool2', offset: 1600, sizeBytes: 400, firstLayer: 3, lastLayer: 4 },
  { name: 'fc1', offset: 0, sizeBytes: 120, firstLayer: 4, lastLayer: 5 },
  { name: 'fc1 scratch', offset: 2000, sizeBytes: 480, firstLayer: 4, lastLayer: 4 },
  { name: 'fc2', offset: 128, sizeBytes: 84, firstLayer: 5, lastLayer: 6 }
]
const planBits = [1, null, 8, null, 8, 8, 4]

export const samplePlan: DeployPlan = {
  imageBytes: 61_990,
  weightsBytes: 60_790,
  arenaBytes: 9_800,
  arenaLowerBoundBytes: 8_688,
  doubleBufferBytes: 13_320,
  imageAddress: 0x8001_0000,
  peakRamBytes: 71_790,
  ramBytes: 983_040,
  blocks,
  layers: sampleModel.nodes.map(({ name, op, macs, outputShape, parameters }, index) => ({
    name,
    op,
    activationBits: 8,
    weightBits: planBits[index] ?? null,
    outputShape,
    macs,
    weightsBytes: Math.ceil((parameters * (planBits[index] ?? 0)) / 8),
    scratchBytes: blocks.find((block) => block.name === `${name} scratch`)?.sizeBytes ?? 0,
    liveBytes: blocks
      .filter(({ firstLayer, lastLayer }) => firstLayer <= index && index <= lastLayer)
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    predicted: macs * 8
  })),
  predicted: 3_020_000,
  calibrated: true
}

export const sampleDeployment: Deployment = {
  id: 'd1',
  jobId: null,
  state: 'done',
  step: 'done',
  request: {
    modelId: 'm1',
    scheme: best.scheme,
    method: 'ptq',
    boardId: 'virtual:small',
    images: 200,
    proxyId: null,
    form: 'image'
  },
  modelName: 'lenet5-fashion',
  boardName: 'Virtual board, small',
  startedAtMs: 1_790_000_000_000,
  finishedAtMs: 1_790_000_020_000,
  plan: samplePlan,
  unit: 'cycles',
  origin: 'simulated',
  clockHz: 50_000_000,
  imagesDone: 200,
  bitExact: true,
  mismatches: [],
  boardAccuracy: 0.895,
  hostAccuracy: 0.895,
  predicted: 3_020_000,
  measured: 3_140_000,
  measuredBy: null,
  interval: { low: 3_139_000, high: 3_141_000 },
  dataSet: 'Fashion-MNIST',
  relativeError: -0.038,
  layers: sampleModel.nodes.map(({ name, op, macs }) => ({
    name,
    op,
    predicted: macs === 0 ? 12_000 : macs * 7.6,
    measured: macs === 0 ? 13_100 : macs * 8,
    interval: null,
    relativeError: -0.05
  })),
  error: null
}
