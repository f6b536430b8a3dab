/**
 * Trains the shipped networks on Fashion-MNIST and writes resources/models:
 *   node scripts/runTs.mjs scripts/train/trainModels.ts [lenet5|resnet|resnet20|subset|all] [--epochs N] [--out FOLDER]
 * resnet20 (22 weighted layers, for searches) is not shipped: name another folder with --out.
 * Needs Debian package dataset-fashion-mnist. The search split is held out; accuracy is on the 10,000 test images.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, type Random } from '../../src/core/math/random'
import { exportOnnx } from '../../src/core/model/onnx/exportOnnx'
import type { Graph } from '../../src/core/model/graph'
import {
  chooseSplits,
  subsetSeed,
  takeImages,
  testSplits,
  trainingSplits
} from '../../src/core/model/dataSet'
import { countCorrect, floatScores } from '../../src/main/model/accuracy/floatAccuracy'
import { encodeSubset } from '../../src/main/model/data/imageFiles'
import { createImageLibrary, fashionFolder, readFashion } from '../../src/main/model/data/imageLibrary'
import { encodeOnnx } from '../../src/main/model/files/onnxFile'
import { openOrtSession } from '../../src/main/model/onnxruntime/ortSession'
import { train } from '../../src/main/model/training/trainer'
import { withBatchStatistics } from '../../src/core/quant/batchStatistics'
import { lenet5, resnet20, resnetTiny } from './networks'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string' },
    seed: { type: 'string', default: '7' },
    rate: { type: 'string', default: '0.05' },
    out: { type: 'string', default: 'resources/models' }
  }
})
const what = positionals[0] ?? 'all'
const seed = Number(values.seed)
const out = path.resolve(values.out)
await mkdir(out, { recursive: true })
if (what === 'subset' || what === 'all') await writeSubset()
if (what === 'lenet5' || what === 'all') await trainOne(lenet5, Number(values.epochs ?? 30))
if (what === 'resnet' || what === 'all') await trainOne(resnetTiny, Number(values.epochs ?? 12))
if (what === 'resnet20') await trainOne(resnet20, Number(values.epochs ?? 4))

async function writeSubset(): Promise<void> {
  const training = await readFashion(fashionFolder, 'train')
  const test = await readFashion(fashionFolder, 't10k')
  const splits = new Map(
    [...chooseSplits(training.labels, trainingSplits, subsetSeed)].map(([split, indices]) => [
      split as string,
      takeImages(training, indices)
    ])
  )
  for (const [split, indices] of chooseSplits(test.labels, testSplits, subsetSeed)) {
    splits.set(split, takeImages(test, indices))
  }
  const bytes = await encodeSubset({ shape: [28, 28, 1], splits })
  await writeFile(path.join(out, 'fashion-subset.bin.gz'), bytes)
  console.log(
    `fashion-subset.bin.gz: ${bytes.length} bytes, ${[...splits].map(([name, { count }]) => `${name} ${count}`).join(', ')}`
  )
}

async function trainOne(build: (random: Random) => Graph, epochs: number): Promise<void> {
  const library = createImageLibrary({ modelsFolder: out })
  const images = await library.loadFullTraining()
  const test = await library.load('fullTest')
  const started = performance.now()
  const first = build(createRandom(seed))
  const rate = Number(values.rate)
  const batch = 64
  const settings = {
    optimizer: { kind: 'momentum' as const, momentum: 0.9, decay: 5e-4 },
    smoothing: 0.05,
    augment: { shift: 1, mirror: true }
  }
  const trained = await train(first, images, {
    ...settings,
    epochs,
    batch,
    // Short warm-up, then half a cosine to zero.
    rateAt: (progress) => rate * Math.min(1, progress * 50) * 0.5 * (1 + Math.cos(Math.PI * progress)),
    seed,
    threads: 1,
    onProgress: (done, total, loss) =>
      console.log(`${first.name} epoch ${done}/${total} loss ${loss.toFixed(4)}`)
  })
  const fixed = withBatchStatistics(
    trained,
    takeImages(
      images,
      Array.from({ length: 2000 }, (_, index) => index)
    ).pixels
  )
  const model = exportOnnx(fixed, { 'bitbench.seed': String(seed) })
  const session = await openOrtSession(model, 2)
  const correct = countCorrect(await floatScores(session, fixed, test), test.labels)
  const accuracy = correct / test.count
  const card = {
    name: first.name,
    dataset: 'Fashion-MNIST',
    testAccuracy: accuracy,
    testImages: test.count,
    seed,
    recipe: `scripts/train/trainModels.ts: ${epochs} epochs, batch ${batch}, momentum SGD ${settings.optimizer.momentum}, cosine rate from ${rate}, weight decay ${settings.optimizer.decay}, label smoothing ${settings.smoothing}, shift ±${settings.augment.shift} and mirror; ${images.count} training images (search split held out)`,
    licence: 'MIT'
  }
  await writeFile(path.join(out, `${first.name}.onnx`), encodeOnnx(model))
  await writeFile(path.join(out, `${first.name}.json`), `${JSON.stringify(card, null, 2)}\n`)
  console.log(
    `${first.name}: ${(accuracy * 100).toFixed(2)} % of ${test.count}, ${((performance.now() - started) / 1000).toFixed(0)} s`
  )
}
