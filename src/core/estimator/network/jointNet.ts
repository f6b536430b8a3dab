import { createRandom } from '../../math/random'
import { standardisation, type FeatureMatrix, type Standardisation } from '../../regression/featureMatrix'
import { createAdam, createDenseNet, createPasses, weightCount, type DenseNet } from './denseNet'
import { AppError } from '../../../shared/errors'

/**
 * One network for all stages: inputs are the knobs and a position, outputs the stages (at position 0) and, last, the
 * decode time of one token at a position 1..outputTokens. The documents' loss: 2 x prefill + 1 x MSE(sum over
 * positions, decode total), each in units of its own variance.
 */
export interface JointNet extends Standardisation {
  net: DenseNet
  /** Unit of every output, ms: outputs of the network are multiplied by it. */
  units: Float64Array
  /** Longest measured output; 0 where the position is not an input that carries anything. */
  maxTokens: number
}

/** Rows that a network of all stages is trained on. */
export interface JointSamples {
  matrix: FeatureMatrix
  /** Stages without decode, ms. */
  stages: readonly Float64Array[]
  /** Weight of every stage in the loss. */
  weights: readonly number[]
  /** Decode in all, ms; null where there is no such stage. */
  decode: Float64Array | null
  /** Tokens per row; 1 where there is no decode stage. */
  tokens: Float64Array
  /** Milliseconds per position where recorded: only then the position is an input. */
  perToken: readonly (readonly number[] | null)[]
}

/** Size and training of a network of all stages. */
export interface JointTraining {
  hidden: readonly number[]
  epochs: number
  batchSize: number
  rate: number
  seed: number
  /** Called after every epoch with the weights of that epoch in place; `best` is the epoch of the least validation loss so far. */
  onEpoch?: (epoch: EpochRecord, net: JointNet) => void
}

/** Losses after an epoch. */
export interface EpochRecord {
  epoch: number
  trainLoss: number
  validationLoss: number
}

/** Nodes and weights of Gauss-Legendre quadrature on 0..1. */
const quadrature = [
  [0.1127016653792583, 5 / 18],
  [0.5, 8 / 18],
  [0.8872983346207417, 5 / 18]
] as const

/** Positions of the nodes in 1..tokens and the number of tokens each stands for (sum over positions = integral from 0.5). */
export function positionNodes(tokens: number): { position: number; weight: number }[] {
  return quadrature.map(([at, weight]) => ({ position: 0.5 + at * tokens, weight: weight * tokens }))
}

/** Trains on `train`, keeps the weights of the epoch with the least loss on `validation`. */
export function trainJointNet(
  train: JointSamples,
  validation: JointSamples,
  options: JointTraining
): { net: JointNet; bestEpoch: number; history: EpochRecord[] } {
  const random = createRandom(options.seed)
  const recorded = train.perToken.some((times) => times !== null)
  const maxTokens = recorded ? train.tokens.reduce((most, value) => Math.max(most, value), 1) : 0
  const outputs = train.stages.length + (train.decode === null ? 0 : 1)
  const units = new Float64Array(outputs)
  train.stages.forEach((times, at) => (units[at] = meanOf(times)))
  if (train.decode !== null)
    units[outputs - 1] = meanOf(train.decode.map((time, row) => time / train.tokens[row]))
  const net: JointNet = {
    net: createDenseNet([train.matrix.columns.length + 1, ...options.hidden, outputs], random),
    ...standardisation(train.matrix),
    units,
    maxTokens
  }
  for (let out = 0; out < outputs; out++) net.net.weights[net.net.weights.length - outputs + out] = 1
  const loss = createLoss(net, train, options.batchSize)
  const watch = createLoss(net, validation, options.batchSize)
  const step = createAdam(net.net.weights)
  const gradient = new Float64Array(net.net.weights.length)
  const order = Int32Array.from({ length: train.matrix.count }, (_, row) => row)
  const validationRows = Int32Array.from({ length: validation.matrix.count }, (_, row) => row)
  const history: EpochRecord[] = []
  let best = { loss: Infinity, epoch: 0, weights: net.net.weights.slice() }
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    random.shuffle(order)
    let sum = 0
    for (let first = 0; first < order.length; first += options.batchSize) {
      const rows = order.subarray(first, first + options.batchSize)
      gradient.fill(0)
      sum += loss(rows, gradient) * rows.length
      step(gradient, options.rate)
    }
    const trainLoss = sum / order.length
    const validationLoss =
      validationRows.length === 0 ? trainLoss : batched(watch, validationRows, options.batchSize)
    history.push({ epoch, trainLoss, validationLoss })
    if (validationLoss < best.loss) best = { loss: validationLoss, epoch, weights: net.net.weights.slice() }
    options.onEpoch?.({ epoch, trainLoss, validationLoss }, net)
  }
  net.net.weights.set(best.weights)
  return { net, bestEpoch: best.epoch, history }
}

type Loss = (rows: Int32Array, gradient: Float64Array | null) => number

function batched(loss: Loss, rows: Int32Array, size: number): number {
  let sum = 0
  for (let first = 0; first < rows.length; first += size) {
    const part = rows.subarray(first, first + size)
    sum += loss(part, null) * part.length
  }
  return sum / rows.length
}

/** Least deviation of a stage's times, as a share of their mean: one that is constant would outweigh all others. */
const minSpread = 0.02

/** Mean loss of some rows; adds its gradient. */
function createLoss(net: JointNet, samples: JointSamples, batchSize: number): Loss {
  const { stages, weights, decode, tokens, perToken } = samples
  const outputs = net.units.length
  const perRow = 1 + (decode !== null && net.maxTokens > 0 ? quadrature.length : 0)
  const passes = createPasses(net.net, batchSize * perRow)
  const width = net.net.sizes[0]
  const input = new Float64Array(batchSize * perRow * width)
  const pull = new Float64Array(batchSize * perRow * outputs)
  const spread = [...stages, ...(decode === null ? [] : [decode])].map((times) =>
    Math.max(1e-12, (minSpread * meanOf(times)) ** 2, varianceOf(times))
  )
  return (rows, gradient) => {
    let used = 0
    for (const row of rows) {
      writeInput(net, samples.matrix, row, 0, input, used++ * width)
      if (perRow > 1) {
        for (const { position } of positionNodes(tokens[row]))
          writeInput(net, samples.matrix, row, position, input, used++ * width)
      }
    }
    const output = passes.forward(input, used)
    pull.fill(0)
    let loss = 0
    rows.forEach((row, i) => {
      const first = i * perRow * outputs
      stages.forEach((times, at) => {
        if (Number.isNaN(times[row])) return
        const error = output[first + at] * net.units[at] - times[row]
        loss += (weights[at] * error * error) / spread[at]
        pull[first + at] = (2 * weights[at] * error * net.units[at]) / spread[at] / rows.length
      })
      if (decode === null || Number.isNaN(decode[row])) return
      const last = outputs - 1
      const unit = net.units[last]
      const nodes = perRow > 1 ? positionNodes(tokens[row]) : [{ position: 0, weight: tokens[row] }]
      const places = nodes.map((_, node) => first + (perRow > 1 ? node + 1 : 0) * outputs + last)
      const sum = nodes.reduce((total, { weight }, node) => total + weight * unit * output[places[node]], 0)
      const error = sum - decode[row]
      loss += (error * error) / spread[stages.length]
      const recorded = perToken[row]
      nodes.forEach(({ position, weight }, node) => {
        pull[places[node]] += (2 * error * weight * unit) / spread[stages.length] / rows.length
        if (recorded === null || perRow === 1) return
        // Where times per token are recorded, the shape over positions counts too.
        const off = output[places[node]] * unit - timeAt(recorded, position)
        loss += (off / unit) ** 2 / nodes.length
        pull[places[node]] += (2 * off) / unit / nodes.length / rows.length
      })
    })
    if (gradient !== null) passes.backward(input, used, pull, gradient)
    return loss / rows.length
  }
}

/** Mean of the recorded times around a position, over a tenth of the tokens. */
function timeAt(times: readonly number[], position: number): number {
  const half = Math.max(1, times.length / 20)
  const first = Math.max(0, Math.round(position - 1 - half))
  const part = times.slice(first, Math.round(position + half))
  return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length)
}

function writeInput(
  net: JointNet,
  matrix: FeatureMatrix,
  row: number,
  position: number,
  input: Float64Array,
  first: number
): void {
  const { columns } = matrix
  for (let at = 0; at < columns.length; at++)
    input[first + at] = (columns[at][row] - net.mean[at]) * net.scale[at]
  input[first + columns.length] = net.maxTokens > 0 ? position / net.maxTokens : 0
}

/** Outputs in ms at one position per row: stages, then the time of that token. */
export function predictJoint(net: JointNet, matrix: FeatureMatrix, positions: Float64Array): Float64Array[] {
  const width = net.net.sizes[0]
  const input = new Float64Array(matrix.count * width)
  for (let row = 0; row < matrix.count; row++)
    writeInput(net, matrix, row, positions[row], input, row * width)
  const output = createPasses(net.net, Math.max(1, matrix.count)).forward(input, matrix.count)
  return Array.from(net.units, (unit, at) =>
    Float64Array.from({ length: matrix.count }, (_, row) =>
      Math.max(1e-6, unit * output[row * net.units.length + at])
    )
  )
}

/** Decode total per row in ms: the sum over positions 1..tokens. */
export function predictJointDecode(net: JointNet, matrix: FeatureMatrix, tokens: Float64Array): Float64Array {
  const last = net.units.length - 1
  if (net.maxTokens === 0) {
    return predictJoint(
      net,
      matrix,
      tokens.map(() => 0)
    )[last].map((time, row) => time * tokens[row])
  }
  const sums = new Float64Array(matrix.count)
  for (let node = 0; node < quadrature.length; node++) {
    const nodes = Array.from(tokens, (count) => positionNodes(count)[node])
    const times = predictJoint(
      net,
      matrix,
      Float64Array.from(nodes, ({ position }) => position)
    )[last]
    nodes.forEach(({ weight }, row) => (sums[row] += weight * times[row]))
  }
  return sums
}

/** Stored form of a network of all stages. */
export interface JointJson {
  sizes: number[]
  weights: number[]
  mean: number[]
  scale: number[]
  units: number[]
  maxTokens: number
}

/** Returns a network of all stages in its stored form. */
export function jointToJson(net: JointNet): JointJson {
  return {
    sizes: [...net.net.sizes],
    weights: Array.from(net.net.weights),
    mean: Array.from(net.mean),
    scale: Array.from(net.scale),
    units: Array.from(net.units),
    maxTokens: net.maxTokens
  }
}

/** Returns a stored network of all stages. @throws input.invalid where the weights do not fit the sizes */
export function jointFromJson(json: JointJson): JointNet {
  if (json.weights.length !== weightCount(json.sizes)) {
    throw new AppError('input.invalid', 'The estimator holds a broken network.', 'Train it again.')
  }
  return {
    net: { sizes: json.sizes, weights: Float64Array.from(json.weights) },
    mean: Float64Array.from(json.mean),
    scale: Float64Array.from(json.scale),
    units: Float64Array.from(json.units),
    maxTokens: json.maxTokens
  }
}

function known(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value))
}

function meanOf(values: Float64Array): number {
  const used = known(values)
  return used.reduce((sum, value) => sum + value, 0) / Math.max(1, used.length)
}

function varianceOf(values: Float64Array): number {
  const middle = meanOf(values)
  return meanOf(values.map((value) => (value - middle) ** 2))
}
