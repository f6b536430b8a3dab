/**
 * Writes 24,000 training and 10,000 test images as tinted-fashion makes them, of the full Fashion-MNIST, as IDX files: a
 * data set for accuracies with a smaller margin than the shipped 1,000 test images give. Needs Debian's dataset-fashion-mnist.
 *
 *   npm run bench:tinted-set -- FOLDER
 *   bitbench dataset add FOLDER --name tinted --scale 1/255 --splits 0.05,0.85,0.1
 *   bitbench model evaluate resources/models/vgg7-tinted.onnx --dataset tinted --scheme w2a2 --method distill
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findGeneratedSet } from '../src/core/dataset/generated/generatedSets'
import { createRandom } from '../src/core/math/random'
import { fashionFolder, readFashion } from '../src/main/model/data/imageLibrary'

const tinted = findGeneratedSet('tinted-fashion')!
const itemBytes = tinted.shape.reduce((product, size) => product * size, 1)
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name a folder: npm run bench:tinted-set -- FOLDER')
mkdirSync(folder, { recursive: true })
await write(folder, 'train', 24_000, 73)
await write(folder, 't10k', 10_000, 72)

/** Writes the first `count` images of a half with their labels, one seed for each. */
async function write(folder: string, half: 'train' | 't10k', count: number, seed: number): Promise<void> {
  const { pixels, labels } = await readFashion(fashionFolder, half)
  const images = new Uint8Array(count * itemBytes)
  const classes = new Uint8Array(count)
  for (let at = 0; at < count; at++) {
    const garment = { pixels: pixels.subarray(at * 784, (at + 1) * 784), label: labels[at]! }
    const item = images.subarray(at * itemBytes, (at + 1) * itemBytes)
    const random = createRandom(seed * 1_000_003 + at)
    classes[at] = tinted.make(random, half === 'train' ? 'training' : 'test', at, garment, item)
  }
  const dims = [count, ...tinted.shape]
  writeFileSync(path.join(folder, `${half}-images-idx4-ubyte`), Buffer.concat([idxHead(dims), images]))
  writeFileSync(path.join(folder, `${half}-labels-idx1-ubyte`), Buffer.concat([idxHead([count]), classes]))
}

/** Head of an IDX file of bytes: magic number and sizes, big-endian. */
function idxHead(dims: readonly number[]): Uint8Array {
  const head = Buffer.alloc(4 + 4 * dims.length)
  head.writeUInt32BE(0x0800 + dims.length, 0)
  dims.forEach((size, axis) => head.writeUInt32BE(size, 4 + 4 * axis))
  return head
}
