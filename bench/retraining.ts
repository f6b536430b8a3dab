/**
 * What short retraining brings: accuracy and KL to the float network before and after it, on training images that neither the
 * fit nor the retraining sees, and processor time (the images seen in a second of it, what judges the network included). Settings are compared by these; test images are for `model evaluate`.
 *
 *   npm run bench:retraining -- [--schemes w1a4,w2a2,w2a4] [--rates 0.0002] [--epochs 1] [--from reconstruct] [--repeats 1] [--labels] [--plain] [--few] [--json]
 *
 * A scheme of several layers is written with + between them: w8a8+w2a4+w4a8+w8a8+w8a8. --labels: with them (`retrain`), else
 * towards the float network alone (`distill`). --from: what training begins with, ptq or reconstruct. --plain: images are neither
 * shifted nor mirrored. --repeats: so many runs of each, all but the first from float weights moved by up to 1e-7 of themselves;
 * what lies between them is chance. --few: training on the calibration and tuning items alone, which `reconstruct` is fitted on,
 * seen as often as makes as many images: what is left to gain where there is no training set. Needs Debian's
 * dataset-fashion-mnist.
 */
import { cpus } from 'node:os'
import path from 'node:path'
import { firstImages, lastImages, takeImages, type LabelledImages } from '../src/core/model/dataSet'
import { createRandom } from '../src/core/math/random'
import { isWeightedNode, weightedLayerNames, type Graph } from '../src/core/model/graph'
import { exportOnnx } from '../src/core/model/onnx/exportOnnx'
import { measureScores } from '../src/core/model/scoreMeasure'
import type { QuantizedNetwork } from '../src/core/quant/quantizedNetwork'
import { parseScheme } from '../src/core/quant/scheme'
import { floatScores } from '../src/main/model/accuracy/floatAccuracy'
import { schemeRealScores } from '../src/main/model/accuracy/schemeAccuracy'
import { openBench, quantizeOn } from '../src/main/model/modelWorkspace'
import { openOrtSession } from '../src/main/model/onnxruntime/ortSession'
import { distillSettings, retrain, usualSettings } from '../src/main/model/training/retrain'
import { quietTask } from './quietTask'
import { listOf, oneOf, positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      schemes: { type: 'string', default: 'w1a4,w2a2,w2a4' },
      rates: { type: 'string', default: String(usualSettings.rate) },
      epochs: { type: 'string', default: '1' },
      from: { type: 'string', default: 'reconstruct' },
      labels: { type: 'boolean', default: false },
      repeats: { type: 'string', default: '1' },
      plain: { type: 'boolean', default: false },
      few: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    }
  },
  { epochs: whole(), repeats: whole(), rates: listOf(positive()), from: oneOf(['ptq', 'reconstruct']) }
)
const from = values.from as 'ptq' | 'reconstruct'
const holdoutImages = 5000
const modelsFolder = path.resolve('resources/models')
const bench = await openBench({ file: path.join(modelsFolder, 'lenet5-fashion.onnx'), modelsFolder })
if (!bench.library.hasFullSet()) {
  console.error('The full training set is needed: apt install dataset-fashion-mnist')
  process.exit(2)
}
const all = await bench.library.loadFullTraining()
const fittedOn = await Promise.all(
  (['calibration', 'tune'] as const).map((split) => bench.library.load(split))
)
const held = without(lastImages(all, holdoutImages), fittedOn)
const training = firstImages(all, all.count - holdoutImages)
const library = {
  ...bench.library,
  loadFullTraining: async () => training,
  ...(values.few ? { hasFullSet: () => false } : {})
}
const settings = {
  ...(values.labels ? usualSettings : distillSettings),
  imagesSeen: training.count * Number(values.epochs),
  ...(values.plain ? { augment: null } : {})
}
const session = await openOrtSession(exportOnnx(bench.graph))
const float = await floatScores(session, bench.graph, held)
await session.release()

/** The images that are none of the others: calibration and tuning items are training images too. */
function without(images: LabelledImages, others: readonly LabelledImages[]): LabelledImages {
  const bytes = images.pixels.length / images.count
  const keyOf = ({ pixels }: LabelledImages, at: number): string =>
    Buffer.from(pixels.buffer, pixels.byteOffset + bytes * at, bytes).toString('latin1')
  const known = new Set(others.flatMap((set) => Array.from({ length: set.count }, (_, at) => keyOf(set, at))))
  const left = Array.from({ length: images.count }, (_, at) => at).filter(
    (at) => !known.has(keyOf(images, at))
  )
  return takeImages(images, left)
}

interface Row {
  readonly scheme: string
  /** Null: as fitted. */
  readonly rate: number | null
  /** From 1; those behind it start from moved weights. */
  readonly run: number
  readonly accuracy: number
  readonly kl: number
  readonly isKept: boolean
  readonly seconds: number
}

/** The network of a run: from the second on its weights are rounded otherwise, in the last digit of float32 or so. */
function graphOf(run: number): Graph {
  if (run === 1) return bench.graph
  const random = createRandom(run)
  const nodes = bench.graph.nodes.map((node) =>
    isWeightedNode(node)
      ? { ...node, weights: node.weights.map((value) => value * (1 + 2e-7 * (random.next() - 0.5))) }
      : node
  )
  return { ...bench.graph, nodes }
}

async function rowOf(scheme: string, rate: number | null, fitted: QuantizedNetwork, run = 1): Promise<Row> {
  const started = process.cpuUsage()
  const network =
    rate === null
      ? fitted
      : await retrain({ graph: graphOf(run), library }, fitted, quietTask, { ...settings, rate })
  const { user, system } = process.cpuUsage(started)
  const { correct, kl } = measureScores(await schemeRealScores(network, held), float, held.labels)
  return {
    ...{ scheme, rate, run, accuracy: (correct ?? NaN) / held.count, kl },
    isKept: rate !== null && network !== fitted,
    seconds: (user + system) / 1e6
  }
}

const rows: Row[] = []
for (const scheme of values.schemes.split(',')) {
  const parsed = parseScheme(scheme.replaceAll('+', ','), weightedLayerNames(bench.graph))
  const fitted = await quantizeOn(bench, parsed, from, quietTask)
  rows.push(await rowOf(scheme, null, fitted))
  for (const rate of values.rates.split(','))
    for (let run = 1; run <= Number(values.repeats); run++)
      rows.push(await rowOf(scheme, Number(rate), fitted, run))
}
if (values.json) console.log(JSON.stringify({ rows }, null, 2))
else {
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} threads; ${held.count} training images held out, ${settings.imagesSeen} seen`
  )
  for (const { scheme, rate, accuracy, kl, isKept, seconds } of rows)
    console.log(
      `${scheme.padEnd(26)} ${(rate === null ? 'as fitted' : `rate ${rate}`).padEnd(12)} ${(100 * accuracy).toFixed(2)} %, KL ${kl.toFixed(4)}` +
        (rate === null
          ? ''
          : `, ${isKept ? 'kept' : 'not kept'}, ${seconds.toFixed(1)} s of processor, ${Math.round(settings.imagesSeen / seconds)} images/s`)
    )
}
process.exit(0)
