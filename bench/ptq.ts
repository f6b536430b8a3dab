/**
 * What each step of post-training quantization brings, and what others that are not part of it would: KL to the float network and
 * accuracy on items on which nothing was fitted, every layer at the same widths but for the 8-bit input.
 *
 *   npm run bench:ptq -- [--schemes w8a8,w4a4,…] [--split search|test|fullTest] [--ranges] [--json] [NAME …]      NAME: of resources/models
 *
 * Steps are added one after the other; the product does them up to that of errors spread, with --method reconstruct all but the
 * last, with --method grouped all. Which ones these are was decided by KL on the search items. "equalised" rows change the float
 * network first: each channel between two layers is scaled so that both layers' weights (Nagel et al. 2019), or the activations,
 * are alike. --ranges: only the rows of `reconstruct`, as it is and with ranges of activations by KL on the tuning items
 * (ptq/tunedRanges.ts), which the product does not do.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { firstImages, type LabelledImages } from '../src/core/model/dataSet'
import { exportOnnx } from '../src/core/model/onnx/exportOnnx'
import { weightedLayerNames } from '../src/core/model/graph'
import { measureScores } from '../src/core/model/scoreMeasure'
import { measuringRanges } from '../src/core/quant/quantize/calibration'
import { runFit } from '../src/core/quant/quantize/fitEngine'
import { quantizing } from '../src/core/quant/quantize/quantizeNetwork'
import { allSteps, groupedSteps, thoroughSteps, type FitSteps } from '../src/core/quant/quantize/reconstruct'
import { parseScheme } from '../src/core/quant/scheme'
import { floatScores } from '../src/main/model/accuracy/floatAccuracy'
import { moreItems } from '../src/main/model/data/moreItems'
import { openBench, type ModelBench } from '../src/main/model/modelWorkspace'
import { createOrtFitEngine } from '../src/main/model/onnxruntime/ortFitEngine'
import { openOrtSession } from '../src/main/model/onnxruntime/ortSession'
import { schemeRealScores } from '../src/main/model/accuracy/schemeAccuracy'
import { encodeOnnx } from '../src/main/model/files/onnxFile'
import { equalised, equalisations } from './ptq/equalise'
import { tunedRanges } from './ptq/tunedRanges'
import { oneOf, readFlags } from './flags'

const { positionals, values } = readFlags(
  {
    allowPositionals: true,
    options: {
      schemes: { type: 'string', default: 'w8a8,w4a8,w8a4,w4a4,w2a8,w2a4,w2a2,w1a4' },
      split: { type: 'string', default: 'test' },
      ranges: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    }
  },
  { split: oneOf(['search', 'test', 'fullTest']) }
)
const names = positionals.length > 0 ? positionals : ['lenet5-fashion', 'mobilenet-v2-tinted']
const pairs = values.schemes.split(',')
const nearest: FitSteps = { refit: false, spread: false, search: false, scale: false, bias: false }
const steps: readonly (readonly [name: string, steps: FitSteps, items?: 'more'])[] = [
  ['nearest codes, scales of least error', nearest],
  ['and biases corrected', { ...nearest, bias: true }],
  ['and scales refitted', { ...nearest, bias: true, scale: true }],
  ['and weights refitted to the quantized inputs', { ...allSteps, spread: false }],
  ['and rounding errors spread (`ptq`)', allSteps],
  ['and codes and scales searched, on more rows', thoroughSteps],
  ['and on tuning items too (`reconstruct`)', thoroughSteps, 'more'],
  ['and scales of 16 weights each (`grouped`)', groupedSteps, 'more']
]
const modelsFolder = path.resolve('resources/models')
const engine = createOrtFitEngine()
const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-ptq-'))
const started = process.cpuUsage()

interface Result {
  readonly model: string
  readonly items: number
  readonly floatAccuracy: number
  readonly rows: { step: string; cells: { scheme: string; kl: number; accuracy: number }[] }[]
}

const results: Result[] = []
try {
  for (const name of names) results.push(await measure(name))
} finally {
  await rm(folder, { recursive: true })
}
const { user, system } = process.cpuUsage(started)
const machine = `${cpus()[0]?.model.trim()}, ${((user + system) / 1e6).toFixed(0)} s of processor time`
if (values.json) console.log(JSON.stringify({ machine, results }, null, 2))
else {
  console.log(machine)
  for (const result of results) print(result)
}

async function measure(name: string): Promise<Result> {
  const bench = await openBench({ file: path.join(modelsFolder, `${name}.onnx`), modelsFolder })
  const items = await bench.library.load(values.split as 'test')
  const session = await openOrtSession(exportOnnx(bench.graph))
  const float = await floatScores(session, bench.graph, items)
  await session.release()
  const rows: Result['rows'] = []
  if (values.ranges) return { ...summaryOf(name, items, float), rows: await withRanges(bench, items, float) }
  for (const [step, done, more] of steps)
    rows.push({ step, cells: await judged(bench, done, items, float, more) })
  const sample = firstImages(await bench.library.load('calibration'), 200)
  for (const way of equalisations) {
    const file = path.join(folder, `${name}-${way}.onnx`)
    await writeFile(file, encodeOnnx(exportOnnx(await equalised(bench.graph, way, sample))))
    const changed = await openBench({ file, modelsFolder })
    rows.push({
      step: `\`ptq\`, equalised by ${way}`,
      cells: await judged(changed, allSteps, items, float)
    })
  }
  return { ...summaryOf(name, items, float), rows }
}

function summaryOf(model: string, items: LabelledImages, float: Float32Array): Omit<Result, 'rows'> {
  const own = measureScores(float, float, items.labels)
  return { model, items: items.count, floatAccuracy: own.correct / items.count }
}

/** `reconstruct` and the same with ranges tuned on items that it is not judged by. */
async function withRanges(
  { graph, library }: ModelBench,
  items: LabelledImages,
  float: Float32Array
): Promise<Result['rows']> {
  const layers = weightedLayerNames(graph)
  const tune = await library.load('tune')
  const session = await openOrtSession(exportOnnx(graph))
  const tuneFloat = await floatScores(session, graph, tune)
  await session.release()
  const { pixels } = await moreItems(library)
  const ranges = await runFit(measuringRanges(graph, pixels, thoroughSteps), engine)
  const rows: Result['rows'] = ['`reconstruct`', 'and ranges by KL on tuning items'].map((step) => ({
    step,
    cells: []
  }))
  for (const scheme of pairs) {
    const fitted = (of: typeof ranges) => runFit(quantizing(of, parseScheme(scheme, layers)), engine)
    const tuned = await tunedRanges(ranges, async (of) => {
      return measureScores(await schemeRealScores(await fitted(of), tune), tuneFloat, tune.labels).kl
    })
    for (const [at, of] of [ranges, tuned].entries()) {
      const { kl, correct } = measureScores(
        await schemeRealScores(await fitted(of), items),
        float,
        items.labels
      )
      rows[at].cells.push({ scheme, kl, accuracy: correct / items.count })
    }
  }
  return rows
}

async function judged(
  { graph, library }: Pick<ModelBench, 'graph' | 'library'>,
  done: FitSteps,
  items: LabelledImages,
  float: Float32Array,
  more?: 'more'
): Promise<Result['rows'][number]['cells']> {
  const { pixels } = more === undefined ? await library.load('calibration') : await moreItems(library)
  const ranges = await runFit(measuringRanges(graph, pixels, done), engine)
  const layers = weightedLayerNames(graph)
  const cells = []
  for (const pair of pairs) {
    const network = await runFit(quantizing(ranges, parseScheme(pair, layers)), engine)
    const { kl, correct } = measureScores(await schemeRealScores(network, items), float, items.labels)
    cells.push({ scheme: pair, kl, accuracy: correct / items.count })
  }
  return cells
}

function print({ model, items, floatAccuracy, rows }: Result): void {
  console.log(
    `\n${model}: accuracy in % and KL to the float network in nats on ${items} test items; float ${(100 * floatAccuracy).toFixed(2)} %\n`
  )
  console.log(`| step | ${pairs.join(' | ')} |`)
  console.log(`|---|${pairs.map(() => '---').join('|')}|`)
  for (const { step, cells } of rows) {
    const texts = cells.map(({ accuracy, kl }) => `${(100 * accuracy).toFixed(2)} (${kl.toFixed(4)})`)
    console.log(`| ${step} | ${texts.join(' | ')} |`)
  }
}
