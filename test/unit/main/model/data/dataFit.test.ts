import { expect, it } from 'vitest'
import { fitItems } from '@main/model/data/dataFit'
import { plainNetwork } from '../../../../support/smallNetworks'
import type { ItemSet } from '@core/dataset/itemSet'

/** A network of 8 x 6 pictures with three channels. */
const graph = { ...plainNetwork(), inputShape: [3, 8, 6] }
const setOf = (shape: readonly [number, number, number]): ItemSet =>
  ({
    name: 'set',
    task: 'unlabelled',
    shape,
    classes: 0,
    targetWidth: 0,
    input: null,
    counts: {},
    read: () => Promise.reject(new Error('not read'))
  }) as unknown as ItemSet

it.each([
  [[3, 8, 6], 'Add the set again with --layout chw: its channels come first.'],
  [[3, 16, 12], 'Add the set again with --layout chw --size 8x6: its channels seem to come first.'],
  [[16, 12, 3], 'Add the set again with --size 8x6, or choose the network that belongs to it.'],
  [[8, 6, 1], 'Choose the network that belongs to the set, or items with 3 channels.']
] as const)('items of %j that do not fit are refused with what helps', (shape, hint) => {
  expect(() => fitItems(graph, setOf(shape))).toThrow(expect.objectContaining({ hint }))
})

it('does not take a row of a table for a picture whose channels come first', () => {
  const grey = { ...graph, inputShape: [1, 24, 24] }
  expect(() => fitItems(grey, setOf([1, 1, 6]))).toThrow(
    expect.objectContaining({
      message: 'The network reads 24 x 24 x 1, the items of "set" are 1 x 1 x 6.',
      hint: 'Choose the network that belongs to the set, or items with 1 channel.'
    })
  )
  expect(() => fitItems(grey, setOf([1, 28, 28]))).toThrow(
    expect.objectContaining({
      hint: 'Add the set again with --layout chw --size 24x24: its channels seem to come first.'
    })
  )
})

it('takes items of the network’s own size', () => {
  expect(fitItems(graph, setOf([8, 6, 3])).shape).toEqual([8, 6, 3])
})

it('reads bytes without a meaning of their own as the network says', async () => {
  const bytes = new Uint8Array(144).fill(128)
  bytes.set([0, 255])
  const set = { ...setOf([8, 6, 3]), read: async () => ({ count: 1, bytes, reals: new Float32Array(144) }) }
  const { reals } = await fitItems({ ...graph, inputScale: 0.5, inputZero: 3 }, set as never).read(
    'test',
    0,
    1
  )
  // 0.5 * (byte - 128 + 3)
  expect([...reals.subarray(0, 3)]).toEqual([-62.5, 65, 1.5])
})
