/**
 * Trains the networks of MLPerf Tiny and those of the size of CIFAR-10 on generated data sets, and writes resources/models:
 *   node scripts/runTs.mjs scripts/train/tinyNetworks.ts NAME… [--out FOLDER] [--seed N] [--epochs N] [--items N]
 * NAME: resnet8, resnet20, dsCnn, mobilenetV1, autoencoder, mobilenetV2, vgg7, squeezenet. Needs the Debian packages python3-torch and
 * dataset-fashion-mnist (the search split is held out). The float network is judged on the test split.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { findGeneratedSet } from '../../src/core/dataset/generated/generatedSets'
import { exportOnnx } from '../../src/core/model/onnx/exportOnnx'
import { macsOf, parametersOf, type Graph } from '../../src/core/model/graph'
import { importOnnx } from '../../src/core/model/onnx/importOnnx'
import { makeItems } from '../../src/main/model/data/generatedItems'
import { createImageLibrary } from '../../src/main/model/data/imageLibrary'
import { modelTasks } from '../../src/main/model/modelTasks'
import { encodeOnnx } from '../../src/main/model/files/onnxFile'
import { readModelFile } from '../../src/main/model/files/readModelFile'

interface Recipe {
  readonly file: string
  readonly set: string
  readonly items: number
  readonly epochs: number
  readonly rate: number
  readonly origin: string
}

const ofTiny = 'architecture of MLPerf Tiny (mlcommons/tiny at 1afd2c9)'
const recipes: Readonly<Record<string, Recipe>> = {
  resnet8: {
    file: 'resnet8-tinted',
    set: 'tinted-fashion',
    items: 6000,
    epochs: 4,
    rate: 2e-3,
    origin: ofTiny
  },
  resnet20: {
    file: 'resnet20-tinted',
    set: 'tinted-fashion',
    items: 10000,
    epochs: 6,
    rate: 3e-3,
    origin: 'after ResNet-20 (He et al. 2015), 12 to 48 channels from 16 x 16 on'
  },
  dsCnn: { file: 'ds-cnn-words', set: 'formant-words', items: 3000, epochs: 10, rate: 2e-3, origin: ofTiny },
  mobilenetV1: {
    file: 'mobilenet-v1-scenes',
    set: 'fashion-scenes',
    items: 12_000,
    epochs: 10,
    rate: 2e-3,
    origin: ofTiny
  },
  autoencoder: {
    file: 'autoencoder-hum',
    set: 'machine-hum',
    items: 8000,
    epochs: 25,
    rate: 2e-3,
    origin: ofTiny
  },
  mobilenetV2: {
    file: 'mobilenet-v2-tinted',
    set: 'tinted-fashion',
    items: 8000,
    epochs: 4,
    rate: 2e-3,
    origin: 'after MobileNetV2 (Sandler et al. 2018), for 32 x 32 x 3'
  },
  vgg7: {
    file: 'vgg7-tinted',
    set: 'tinted-fashion',
    items: 6000,
    epochs: 3,
    rate: 1e-3,
    origin: 'after VGG-7 (six convolutions and one dense layer), 24 to 96 channels'
  },
  squeezenet: {
    file: 'squeezenet-tinted',
    set: 'tinted-fashion',
    items: 8000,
    epochs: 4,
    rate: 2e-3,
    origin: 'after SqueezeNet (Iandola et al. 2016), five fire modules'
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'resources/models' },
    seed: { type: 'string', default: '7' },
    epochs: { type: 'string' },
    items: { type: 'string' }
  }
})
const modelsFolder = path.resolve('resources/models')
const out = path.resolve(values.out)
await mkdir(out, { recursive: true })
for (const network of positionals) {
  if (!Object.hasOwn(recipes, network))
    throw new Error(`no network "${network}": ${Object.keys(recipes).join(', ')}`)
  await trainOne(network, recipes[network]!)
}

async function trainOne(network: string, recipe: Recipe): Promise<void> {
  const set = findGeneratedSet(recipe.set)!
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tiny-'))
  const count = Number(values.items ?? recipe.items)
  const settings = {
    network,
    task: set.task,
    shape: set.shape,
    scale: set.inputScale,
    zero: set.inputZero,
    seed: Number(values.seed),
    epochs: Number(values.epochs ?? recipe.epochs),
    batch: 64,
    rate: recipe.rate,
    items: path.join(folder, 'items.bin'),
    targets: path.join(folder, 'targets.bin'),
    onnx: path.join(folder, 'out.onnx')
  }
  try {
    const garments = set.needsGarments ? await createImageLibrary({ modelsFolder }).loadFullTraining() : null
    const { bytes, targets } = makeItems(set, 'training', count, garments)
    await writeFile(settings.items, bytes)
    await writeFile(settings.targets, targets)
    await writeFile(path.join(folder, 'settings.json'), JSON.stringify(settings))
    const script = path.resolve('scripts/train/tinyNetworks.py')
    execFileSync('/usr/bin/python3', [script, path.join(folder, 'settings.json')], { stdio: 'inherit' })
    const read = importOnnx((await readModelFile(settings.onnx)).model)
    const graph: Graph = {
      ...read,
      name: recipe.file,
      inputScale: set.inputScale,
      inputZero: set.inputZero,
      dataSet: set.name
    }
    const file = path.join(out, `${recipe.file}.onnx`)
    await writeFile(file, encodeOnnx(exportOnnx(graph, { 'bitbench.seed': values.seed })))
    await writeCard(file, graph, recipe, settings, count)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeCard(
  file: string,
  graph: Graph,
  recipe: Recipe,
  { epochs, batch, rate, seed }: { epochs: number; batch: number; rate: number; seed: number },
  count: number
): Promise<void> {
  const set = findGeneratedSet(recipe.set)!
  const context = {
    progress: () => undefined,
    yieldToAbort: async () => undefined,
    signal: new AbortController().signal
  }
  const source = { file, modelsFolder, scheme: null, split: 'test', method: 'ptq' } as const
  const { accuracy, images } = await modelTasks['model.evaluate'](source, context as never)
  const macs = graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0)
  const parameters = graph.nodes.reduce((sum, node) => sum + parametersOf(node), 0)
  const metric = set.task === 'reconstruction' ? 'AUC' : 'accuracy'
  const card = {
    name: recipe.file,
    dataset: `${set.name}: ${set.about}`,
    testAccuracy: accuracy,
    testImages: images,
    seed,
    ...(metric === 'AUC' ? { metric } : {}),
    recipe: `scripts/train/tinyNetworks.ts: ${recipe.origin}; ${epochs} epochs of ${count} generated items, batch ${batch}, Adam, cosine rate from ${rate}${metric === 'AUC' ? '' : ', label smoothing 0.05'}; ${metric} on generated items, comparable with nothing but itself`,
    licence: 'MIT'
  }
  await writeFile(file.replace(/onnx$/, 'json'), `${JSON.stringify(card, null, 2)}\n`)
  console.log(
    `${recipe.file}: ${metric} ${accuracy.toFixed(4)} of ${images}; ${parameters} parameters, ${macs} MACs`
  )
}
