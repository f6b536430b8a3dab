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
import { composeScene } from '../src/core/dataset/generated/scenes'
import { createRandom } from '../src/core/math/random'
import { fashionFolder, readFashion } from '../src/main/model/data/imageLibrary'

const form = { side: 32, smallest: 26, largest: 32 }
const itemBytes = form.side * form.side * 3
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name a folder: npm run bench:tinted-set -- FOLDER')
mkdirSync(folder, { recursive: true })
await write(folder, 'train', 24_000, 73)
await write(folder, 't10k', 10_000, 72)

/** Writes the first `count` images of a half with their labels, one seed for each. */
async function write(folder: string, half: 'train' | 't10k', count: number, seed: number): Promise<void> {
  const { pixels, labels } = await readFashion(fashionFolder, half)
  const images = new Uint8Array(count * itemBytes)
  for (let at = 0; at < count; at++) {
    const garment = pixels.subarray(at * 784, (at + 1) * 784)
    const item = images.subarray(at * itemBytes, (at + 1) * itemBytes)
    composeScene(garment, form, createRandom(seed * 1_000_003 + at), item)
  }
  const dims = [count, form.side, form.side, 3]
  writeFileSync(path.join(folder, `${half}-images-idx4-ubyte`), Buffer.concat([idxHead(dims), images]))
  const classes = labels.subarray(0, count)
  writeFileSync(path.join(folder, `${half}-labels-idx1-ubyte`), Buffer.concat([idxHead([count]), classes]))
}

/** Head of an IDX file of bytes: magic number and sizes, big-endian. */
function idxHead(dims: readonly number[]): Uint8Array {
  const head = Buffer.alloc(4 + 4 * dims.length)
  head.writeUInt32BE(0x0800 + dims.length, 0)
  dims.forEach((size, axis) => head.writeUInt32BE(size, 4 + 4 * axis))
  return head
}
