import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { comparePredictions, type CompareTask } from '@main/workload/compareFiles'
import { temporaryFolder } from '../../../support/temporaryFolder'

const folder = temporaryFolder()
const fileOf = (name: string, values: readonly number[]): string => {
  const file = path.join(folder, name)
  writeFileSync(file, new Uint8Array(Float32Array.from(values).buffer))
  return file
}
const logs = (...shares: number[]): number[] => shares.map(Math.log)
const before = logs(0.5, 0.5, 0.25, 0.75, 0.9, 0.1)
const after = logs(0.25, 0.75, 0.25, 0.75, 0.9, 0.1)
const task = (more: Partial<CompareTask> = {}): CompareTask => ({
  ...{ name: 'mean:a', rows: 3, columns: 2, labels: [1, 1, -1], samples: [0, 0, 1], before, after },
  ...{ metric: 'perplexity', confidence: 0.95, seed: 1, ...more }
})

describe('predictions of a changed network', () => {
  it('are compared over the rows that are scored', () => {
    const { name, quality, klNats } = comparePredictions(task())
    // KL of [0.5, 0.5] to [0.25, 0.75], over two scored rows, of which the other is equal.
    const kl = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75)
    expect([name, quality.n]).toEqual(['mean:a', 2])
    expect(klNats.value).toBeCloseTo(kl / 2, 6)
    // Both right words have 0.75 afterwards: a perplexity of 1 / 0.75.
    expect(quality.value).toBeCloseTo(4 / 3, 6)
  })

  it('are the same from files, also in pieces', () => {
    const found = comparePredictions(
      task({ before: fileOf('before', before), after: fileOf('after', after) })
    )
    expect(found).toEqual(comparePredictions(task()))
    // 600,000 columns: one row at a time, each as likely anywhere.
    const columns = 600_000
    const even = new Array<number>(2 * columns).fill(-Math.log(columns))
    const wide = { rows: 2, columns, labels: [0, 5], samples: [0, 1] }
    const file = fileOf('wide', even)
    const { klNats, quality } = comparePredictions(task({ ...wide, before: file, after: even }))
    expect(klNats.value).toBe(0)
    expect(quality.value! / columns).toBeCloseTo(1, 4)
  })

  it.each<[string, Partial<CompareTask>, RegExp]>([
    ['labels', { labels: [1, 1] }, /3 rows, 2 labels and 3 samples/],
    ['samples', { samples: [0, 0] }, /3 rows, 3 labels and 2 samples/],
    ['a label that is no column', { labels: [1, 2, 0] }, /not below 2/],
    ['a number', { after: after.slice(1) }, /The predictions does not hold rows x columns/],
    ['a number of a file', { before: fileOf('short', before.slice(1)) }, /short does not hold/],
    ['its file', { before: path.join(folder, 'nothing') }, /nothing does not hold/],
    ['room for one number more', { before: fileOf('long', [...before, 0]) }, /long does not hold/]
  ])('are refused without %s', (_what, more, message) => {
    expect(() => comparePredictions(task(more))).toThrow(message)
  })
})
