import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { bitWidths, type Bits, type Scheme } from '../../src/core/quant/scheme'
import type { CostTable } from '../../src/core/search/costs/costTable'
import type { Measure } from '../../src/core/search/objective'
import { buildCostTable } from '../../src/core/search/costs/costTable'

/**
 * The search space of the shipped LeNet-5 evaluated almost whole (README beside the table): accuracy, cross-entropy and KL of every
 * scheme on the search images, accuracy on one half of the test images.
 */
export interface SearchTable {
  readonly layers: readonly string[]
  readonly macs: readonly number[]
  readonly latency: CostTable
  readonly bops: CostTable
  /** On the search images. Schemes that are missing count as 10 % and a loss beyond all others. */
  measure(scheme: Scheme): Measure
  /** KL on the tune images, on which nothing is chosen. */
  tuneKl(scheme: Scheme): number
  /** Means over the images of a split, and how many there are; infinite where the scheme is missing. */
  losses(
    split: 'search' | 'tune',
    row: number
  ): { images: number; kl: number; crossEntropy: number; errors: number }
  /** Accuracy on half A of the test images. */
  testAccuracy(scheme: Scheme): number
  /** Every scheme by its row. */
  readonly schemes: number
  schemeAt(row: number): Scheme
  rowOf(scheme: Scheme): number
}

const rows = 4 ** 9
const searchImages = 1500
const tuneImages = 2000
const testImages = 5000
const missing = 65535
const missingLoss = 20

interface CostFile {
  layers: string[]
  macs: number[]
  overhead: number
  perLayer: number[]
}

/** Null when the folder does not hold the table. */
export function readSearchTable(folder: string): SearchTable | null {
  const file = path.join(folder, 'lenet5-fashion.bin.gz')
  const costFile = path.join(folder, 'cost.json')
  if (!existsSync(file) || !existsSync(costFile)) return null
  const bytes = gunzipSync(readFileSync(file))
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const counts = (column: number): Uint16Array => new Uint16Array(buffer, column * 2 * rows, rows)
  const reals = (column: number): Float32Array => new Float32Array(buffer, 6 * rows + column * 4 * rows, rows)
  const [searchRight, tuneRight, testRight] = [counts(0), counts(1), counts(2)]
  const [crossEntropy, tuneCrossEntropy, kl, tuneKl] = [reals(0), reals(1), reals(2), reals(3)]
  const cost = JSON.parse(readFileSync(costFile, 'utf8')) as CostFile
  const place = (bits: Bits): number => (bitWidths as readonly Bits[]).indexOf(bits)
  const rowOf = (scheme: Scheme): number => {
    let row = place(scheme[0]!.weightBits)
    for (const { weightBits, activationBits } of scheme.slice(1)) {
      row = 16 * row + 4 * place(activationBits) + place(weightBits)
    }
    return row
  }
  const known = (value: number): number => (Number.isFinite(value) ? value : missingLoss)
  return {
    layers: cost.layers,
    macs: cost.macs,
    latency: { unit: 'cycles', perLayer: Float64Array.from(cost.perLayer), overhead: cost.overhead },
    bops: buildCostTable(cost.layers.length, 'bops', 0, (layer, weightBits, activationBits) => {
      return cost.macs[layer]! * weightBits * activationBits
    }),
    measure(scheme) {
      const row = rowOf(scheme)
      const right = searchRight[row]!
      return {
        accuracy: right === missing ? 0.1 : right / searchImages,
        kl: known(kl[row]!),
        crossEntropy: known(crossEntropy[row]!),
        mse: known(kl[row]!)
      }
    },
    tuneKl: (scheme) => known(tuneKl[rowOf(scheme)]!),
    losses(split, row) {
      const isSearch = split === 'search'
      const right = (isSearch ? searchRight : tuneRight)[row]!
      const images = isSearch ? searchImages : tuneImages
      const orInfinite = (value: number): number => (Number.isFinite(value) ? value : Infinity)
      return {
        images,
        kl: orInfinite((isSearch ? kl : tuneKl)[row]!),
        crossEntropy: orInfinite((isSearch ? crossEntropy : tuneCrossEntropy)[row]!),
        errors: right === missing ? Infinity : 1 - right / images
      }
    },
    testAccuracy(scheme) {
      const right = testRight[rowOf(scheme)]!
      return right === missing ? 0.1 : right / testImages
    },
    schemes: rows,
    rowOf,
    schemeAt: (row) =>
      cost.layers.map((layer, index) => {
        const digit = (place: number): (typeof bitWidths)[number] => bitWidths[(row >> (2 * place)) & 3]!
        return {
          layer,
          weightBits: digit(8 - 2 * index),
          activationBits: index === 0 ? 8 : digit(9 - 2 * index)
        }
      })
  }
}
