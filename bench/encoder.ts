/**
 * Encoders through the path of every network: the shipped DistilBERT-type classifier and the vision transformer. Score by scheme on
 * the test split; cost per item, RAM and image on virtual boards and QEMU, where every output must equal the host's; for each
 * layer what few weight bits of it alone add to KL(float || w8a8), in nats, beside the prediction impact that a workload run
 * measures for the same layer of the same file (int4; on a GPU where there is one, else on this machine's processor).
 *
 *   npm run bench:encoder -- [--networks gloss-classifier,vit-tiny-fashion] [--boards virtual:mid,qemu] [--schemes w8a8,w4a8,w2a8]
 *                            [--items 2] [--samples 200] [--layer-bits 2] [--no-impact] [--json]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { spearman } from '../src/core/math/correlation'
import { isKernelBits, uniformScheme, type KernelBits, type Scheme } from '../src/core/quant/scheme'
import { sensitivityOfImpacts } from '../src/core/search/loss/givenSensitivity'
import { createLocalClient, type LocalClient } from '../src/main/cli/framework/localClient'
import { parseBitPair } from '../src/shared/bitPair'
import { createImageLibrary } from '../src/main/model/data/imageLibrary'
import { readModelFile } from '../src/main/model/files/readModelFile'
import type { CommandInput } from '../src/shared/contract'
import type { ModelInfo } from '../src/shared/contract/model'
import { npyBytes } from '../test/support/npyBytes'
import { deployed } from './tiny/measureTiny'
import { withBitbench } from './withBitbench'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      networks: { type: 'string', default: 'gloss-classifier,vit-tiny-fashion' },
      boards: { type: 'string', default: 'virtual:mid,qemu' },
      schemes: { type: 'string', default: 'w8a8,w4a8,w2a8' },
      items: { type: 'string', default: '2' },
      samples: { type: 'string', default: '200' },
      'layer-bits': { type: 'string', default: '2' },
      'no-impact': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    }
  },
  { items: whole(), samples: whole() }
)
const boards = values.boards.split(',').filter((name) => name !== '')
const pairs = values.schemes.split(',').map((text) => {
  const pair = parseBitPair(text)
  if (pair === null || !isKernelBits(pair.weightBits) || !isKernelBits(pair.activationBits)) {
    console.error(`${text} is no scheme of one pair, such as w4a8`)
    process.exit(2)
  }
  return { text, weightBits: pair.weightBits, activationBits: pair.activationBits }
})

function layerBitsOf(text: string): KernelBits {
  const bits = Number(text)
  if (isKernelBits(bits)) return bits
  console.error('--layer-bits is 8, 4, 2 or 1')
  process.exit(2)
}
const layerBits = layerBitsOf(values['layer-bits'])

interface SchemeResult {
  scheme: string
  score: number
  items: number
  imageBytes: number
  ramBytes: number
  costs: Record<string, { cost: number; unit: string }>
}

interface LayerImpact {
  layer: string
  schemeKl: number
  workloadKl: number
}

interface NetworkResult {
  network: string
  parameters: number
  macs: number
  float: number
  schemes: SchemeResult[]
  impact: { layers: LayerImpact[]; spearman: number | null } | null
}

const classifier = path.resolve('resources/workloads/gloss-classifier.onnx')
const classifierRows = path.resolve('resources/workloads/gloss-classifier.jsonl')

/** The same items twice: as a data set whose schemes are compared with float, and as the test set of a workload run. */
interface ImpactItems {
  readonly dataSet: CommandInput<'dataset.add'>
  readonly rows: string
}

/** Test images of the vision transformer: an array of bytes, and one JSON object a line. */
async function imageItems(file: string, folder: string): Promise<ImpactItems> {
  const library = createImageLibrary({ modelsFolder: path.resolve('resources/models') })
  const { pixels: bytes, labels, count } = await library.load('test')
  const { name } = (await readModelFile(file)).model.inputs[0]!
  const [side, pixels] = [28, 784]
  const array = path.join(folder, 'images.npy')
  writeFileSync(array, npyBytes('|u1', [count, side, side], bytes))
  const rows = path.join(folder, 'images.jsonl')
  const lines = Array.from({ length: count }, (_, at) => {
    const reals = Array.from(bytes.subarray(at * pixels, (at + 1) * pixels), (byte) => byte / 255)
    const image = Array.from({ length: side }, (_row, row) => reals.slice(row * side, (row + 1) * side))
    return JSON.stringify({ inputs: { [name]: [image] }, label: labels[at] })
  })
  writeFileSync(rows, lines.join('\n'))
  return { dataSet: { path: array, name: 'garments unlabelled', task: 'unlabelled' }, rows }
}

/** The rows of the classifier's test file as a table: its tokens, then the class. */
function tokenTable(folder: string): string {
  const rows = readFileSync(classifierRows, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { inputs: { ids: number[] }; label: number })
  const names = rows[0]!.inputs.ids.map((_, at) => `token${at}`)
  const lines = rows.map(({ inputs, label }) => [...inputs.ids, label].join(','))
  const file = path.join(folder, 'glosses.csv')
  writeFileSync(file, [[...names, 'label'].join(','), ...lines].join('\n'))
  return file
}

async function withTokens(client: LocalClient, table: string, model: ModelInfo): Promise<void> {
  const request = {
    path: table,
    name: 'glosses',
    task: 'classification',
    labelColumn: 'label',
    classes: 6
  } as const
  await client.finish((await client.call('dataset.add', request)).jobId)
  await client.call('model.useDataSet', { modelId: model.id, dataSet: request.name })
}

/** The last evaluation, which is the one just finished. */
async function evaluated(client: LocalClient, model: ModelInfo, scheme: Scheme | null) {
  const request = { modelId: model.id, scheme: scheme === null ? null : scheme.map((bits) => ({ ...bits })) }
  await client.finish((await client.call('model.evaluate', request)).jobId)
  return (await client.call('model.evaluations', { modelId: model.id })).evaluations.at(-1)!
}

async function measured(client: LocalClient, model: ModelInfo): Promise<SchemeResult[]> {
  const results: SchemeResult[] = []
  for (const { text, weightBits, activationBits } of pairs) {
    const scheme = uniformScheme(model.weightedLayers, weightBits, activationBits)
    const { accuracy, images } = await evaluated(client, model, scheme)
    const result: SchemeResult = {
      scheme: text,
      score: accuracy,
      items: images,
      imageBytes: 0,
      ramBytes: 0,
      costs: {}
    }
    for (const boardId of boards) {
      console.error(`${model.name}: ${text} on ${boardId}`)
      const deployment = await deployed(client, {
        modelId: model.id,
        boardId,
        images: Number(values.items),
        scheme: scheme.map((bits) => ({ ...bits }))
      })
      result.costs[boardId] = { cost: deployment.measured!, unit: deployment.unit }
      result.imageBytes = deployment.plan!.imageBytes
      result.ramBytes = deployment.plan!.peakRamBytes
    }
    results.push(result)
  }
  return results
}

/** What every layer at few weight bits adds to the KL of all at 8 bits, beside what a workload run says of it at int4. */
async function impacts(
  client: LocalClient,
  model: ModelInfo,
  file: string,
  { dataSet, rows }: ImpactItems
): Promise<NetworkResult['impact']> {
  await client.finish((await client.call('dataset.add', dataSet)).jobId)
  await client.call('model.useDataSet', { modelId: model.id, dataSet: dataSet.name })
  console.error(`${model.name}: prediction impact`)
  const { id, jobId } = await client.call('workload.start', {
    runner: {
      kind: 'onnx',
      model: file,
      dataset: rows,
      samples: Number(values.samples),
      batch: 8
    },
    precisions: ['int4'],
    kinds: ['predictions'],
    power: false,
    trials: 2,
    phaseMs: 10,
    idleMs: 0,
    coolMs: 0
  })
  await client.finish(jobId)
  const { run } = await client.call('workload.get', { id })
  const int4 = run.tables.impacts.filter(({ change }) => change === 'int4')
  const { losses } = sensitivityOfImpacts(model.weightedLayers, int4, model.name)
  const layers: LayerImpact[] = []
  const base = await evaluated(client, model, uniformScheme(model.weightedLayers, 8, 8))
  for (const [at, layer] of model.weightedLayers.entries()) {
    const workloadKl = losses[at]
    if (workloadKl === null || workloadKl === undefined) continue
    const scheme = uniformScheme(model.weightedLayers, 8, 8).map((bits) =>
      bits.layer === layer ? { ...bits, weightBits: layerBits } : bits
    )
    console.error(`${model.name}: ${layer} at ${layerBits} bits`)
    const { metrics } = await evaluated(client, model, scheme)
    layers.push({ layer, workloadKl, schemeKl: metrics['kl']! - base.metrics['kl']! })
  }
  const pick = (key: 'schemeKl' | 'workloadKl'): number[] => layers.map((row) => row[key])
  return { layers, spearman: spearman(pick('schemeKl'), pick('workloadKl')) }
}

async function measureNetwork(client: LocalClient, network: string, folder: string): Promise<NetworkResult> {
  const isClassifier = network === 'gloss-classifier'
  const file = isClassifier ? classifier : path.resolve('resources/encoders', `${network}.onnx`)
  const { model } = await client.call('model.open', { path: file })
  const table = isClassifier ? tokenTable(folder) : null
  if (table !== null) await withTokens(client, table, model)
  const float = (await evaluated(client, model, null)).accuracy
  const schemes = await measured(client, model)
  let impact: NetworkResult['impact'] = null
  if (!values['no-impact'])
    impact = await impacts(
      client,
      model,
      file,
      table === null
        ? await imageItems(file, folder)
        : {
            dataSet: {
              path: table,
              name: 'glosses unlabelled',
              task: 'unlabelled',
              ignoreColumns: ['label']
            },
            rows: classifierRows
          }
    )
  const { parameters, macs } = model
  return { network, parameters, macs, float, schemes, impact }
}

const results: NetworkResult[] = []
for (const network of values.networks.split(',')) {
  await withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-encoder-'))
    try {
      results.push(await measureNetwork(client, network, folder))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
if (values.json) console.log(JSON.stringify(results, null, 2))
else results.forEach(print)

function print({ network, parameters, macs, float, schemes, impact }: NetworkResult): void {
  console.log(
    `\n${network}: ${parameters} parameters, ${macs} MACs; float ${(100 * float).toFixed(1)} % of ${schemes[0]?.items ?? 0} test items`
  )
  for (const { scheme, score, imageBytes, ramBytes, costs } of schemes) {
    const cost = Object.entries(costs).map(
      ([board, { cost, unit }]) => `${board} ${Math.round(cost).toLocaleString('en')} ${unit}`
    )
    console.log(
      [
        `  ${scheme}`,
        `${(100 * score).toFixed(1)} %`,
        `image ${imageBytes}`,
        `RAM ${ramBytes} bytes`,
        ...cost
      ].join('  ')
    )
  }
  if (impact === null) return
  console.log(
    `  added KL in nats: one layer's weights at ${layerBits} bits in integers / at int4 in the workload run; rank correlation ${impact.spearman?.toFixed(2) ?? 'none'}`
  )
  for (const { layer, schemeKl, workloadKl } of impact.layers)
    console.log(`    ${layer.padEnd(40)} ${schemeKl.toFixed(5)}  ${workloadKl.toFixed(5)}`)
}
