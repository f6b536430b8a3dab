/**
 * What an evaluation costs beside raw onnxruntime on the same items, one thread, processor time:
 *   npm run bench:evaluate -- [--split search|test|fullTest] [--schemes N] [--seed S] [--json] [FILE.onnx …]
 * Without files: the shipped networks and a MobileNetV2 of half width with seeded weights.
 * "full" = quantize and run a random scheme, "step" = one that differs from the scheme before in one random layer.
 * Schemes follow each other in one process as in a search, so that they share what the caches hold.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { bitWidths, schemeKey, type Scheme } from '@core/quant/scheme'
import { countCorrect, floatScores } from '@main/model/accuracy/floatAccuracy'
import { openBench, quantizeOn } from '@main/model/modelWorkspace'
import { openOrtSession } from '@main/model/onnxruntime/ortSession'
import { schemeScores } from '@main/model/accuracy/schemeAccuracy'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { mobileNetV2 } from './mobileNet'
import { startClock } from './stopwatch'
import { useRoomyHeap } from '@main/threads/roomyHeap'
import { quietTask } from './quietTask'
import { readFlags, whole } from './flags'

// As threads of tasks do.
useRoomyHeap()

const { positionals, values } = readFlags(
  {
    allowPositionals: true,
    options: {
      split: { type: 'string', default: 'search' },
      schemes: { type: 'string', default: '8' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    }
  },
  { seed: whole(0), schemes: whole() }
)
const modelsFolder = path.resolve('resources/models')
const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-evaluate-'))
const files = positionals.length > 0 ? positionals : await usualFiles()

/** Processor milliseconds of a piece of work. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  const stop = startClock()
  await work()
  return stop().cpuSeconds * 1000
}

const round = (value: number): number => Math.round(value * 100) / 100
const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length

const results = []
try {
  for (const file of files) results.push(await measure(file))
} finally {
  await rm(folder, { recursive: true })
}
if (values.json) console.log(JSON.stringify(results, null, 2))
else
  console.table(
    results.map((row) => Object.fromEntries(Object.entries(row).filter(([, v]) => typeof v !== 'object')))
  )

/** The shipped networks, and MobileNetV2 of half width for their images. */
async function usualFiles(): Promise<string[]> {
  const mobileNet = path.join(folder, 'mobilenetv2.onnx')
  await writeFile(mobileNet, encodeOnnx(exportOnnx(mobileNetV2([1, 28, 28], { width: 0.5 }))))
  const shipped = ['lenet5-fashion.onnx', 'resnet-tiny-fashion.onnx']
  return [...shipped.map((name) => path.join(modelsFolder, name)), mobileNet]
}

async function measure(file: string) {
  const bench = await openBench({ file, modelsFolder })
  const images = await bench.library.load(values.split as 'search')
  const layers = weightedLayerNames(bench.graph)
  const random = createRandom(Number(values.seed))
  const draw = (first: boolean) => ({
    weightBits: bitWidths[random.integer(4)]!,
    activationBits: first ? (8 as const) : bitWidths[random.integer(4)]!
  })
  const calibrationMs = await cost(() => bench.calibration('ptq'))
  const session = await openOrtSession(exportOnnx(bench.graph))
  const rawRun = () => cost(() => floatScores(session, bench.graph, images))
  await rawRun()
  const raw: number[] = []
  const accuracies: Record<string, number> = {}
  const evaluate = async (scheme: Scheme) => {
    raw.push(await rawRun())
    let network: Awaited<ReturnType<typeof quantizeOn>>
    const quantizeMs = await cost(async () => (network = await quantizeOn(bench, scheme, 'ptq', quietTask)))
    let scores: Float32Array = new Float32Array(0)
    const kept = { cache: bench.outputs, items: values.split }
    const runMs = await cost(async () => (scores = await schemeScores(network, images, kept)))
    accuracies[schemeKey(scheme)] = round((100 * countCorrect(scores, images.labels)) / images.count)
    return { quantizeMs, runMs, totalMs: quantizeMs + runMs }
  }
  const full = []
  const step = []
  await evaluate(layers.map((layer) => ({ layer, weightBits: 8, activationBits: 8 })))
  for (let n = 0; n < Number(values.schemes); n++) {
    const scheme = layers.map((layer, at) => ({ layer, ...draw(at === 0) }))
    full.push(await evaluate(scheme))
    const at = random.integer(layers.length)
    let other = scheme
    while (schemeKey(other) === schemeKey(scheme))
      other = scheme.with(at, { layer: layers[at]!, ...draw(at === 0) })
    step.push(await evaluate(other))
  }
  await session.release()
  const rawMs = mean(raw)
  return {
    model: path.basename(file, '.onnx'),
    items: images.count,
    calibrationMs: round(calibrationMs),
    rawMs: round(rawMs),
    fullMs: round(mean(full.map(({ totalMs }) => totalMs))),
    fullRatio: round(mean(full.map(({ totalMs }) => totalMs)) / rawMs),
    stepRatio: round(mean(step.map(({ totalMs }) => totalMs)) / rawMs),
    quantizeMs: round(mean(full.map(({ quantizeMs }) => quantizeMs))),
    runRatio: round(mean(full.map(({ runMs }) => runMs)) / rawMs),
    seed: Number(values.seed),
    schemes: full.length,
    /** Per cent right, by scheme: what a change of the arithmetic is compared by. */
    accuracies
  }
}
