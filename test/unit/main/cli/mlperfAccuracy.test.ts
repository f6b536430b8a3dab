import { expect, it } from 'vitest'
import { accuracyRun } from '@main/cli/board/mlperfAccuracy'

/** A device that replies with what the first byte of its input names. */
function run(labels: readonly number[], files: readonly (readonly number[])[], replies: readonly number[][]) {
  let loaded = 0
  const device = {
    load: async (bytes: Uint8Array) => void (loaded = bytes[0]!),
    infer: async () => ({ elapsedUs: 1, results: replies[loaded]! })
  }
  const items = labels.map((label, at) => ({ file: `${at}`, classes: 2, label }))
  const inputs = async ({ file }: { file: string }) => files[Number(file)]!.map((byte) => Uint8Array.of(byte))
  return accuracyRun(device, items, inputs, () => undefined)
}

it('takes the mean over the inputs of an item, and the area under the curve of one number an input', async () => {
  // Scores 2, 3 and 2.5 of items 0, 1 and 1: both anomalous ones are above the normal one.
  const replies = [[1], [3], [2]]
  expect(await run([0, 1, 1], [[0, 1], [1], [1, 2]], replies)).toEqual({ items: 3, auc: 1 })
})

it('gives no area under the curve of items that are all of one class', async () => {
  expect(await run([0, 0], [[0], [1]], [[1], [3]])).toEqual({ items: 2, auc: null })
})

it('refuses outputs that change their number, or are not the classes', async () => {
  const wrong = { code: 'data.invalid' }
  await expect(run([0], [[0, 1]], [[1, 0], [1]])).rejects.toMatchObject(wrong)
  await expect(run([0], [[0]], [[1, 0, 0]])).rejects.toMatchObject(wrong)
})

it('counts classes', async () => {
  const found = await run([1, 0], [[0], [0]], [[0.2, 0.8]])
  expect(found).toMatchObject({ items: 2, right: 1, accuracy: 0.5 })
})
