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

const itemsOf = (shape: readonly [number, number, number], bytes: number[], more: object = {}): ItemSet =>
  ({
    ...setOf(shape),
    input: { scale: 1, zero: 128 },
    read: async () => ({ count: 1, bytes: Uint8Array.from(bytes), reals: Float32Array.from(bytes) }),
    ...more
  }) as unknown as ItemSet

it('gives pictures channel by channel to a network that reads one row', async () => {
  const flat = { ...plainNetwork(), inputShape: [12] }
  // 2 x 2 pixels of three channels.
  const set = itemsOf([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  const { bytes, reals } = await fitItems(flat, set).read('test', 0, 1)
  const wanted = [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]
  expect([[...bytes], [...reals]]).toEqual([wanted, wanted])
})

it('limits items where the codes of the file end', async () => {
  const limited = { ...plainNetwork(), inputShape: [1, 1, 4], inputLimits: [-2, 100] as const }
  // A byte means 0.5 · (byte - 118): -2 is byte 114, and no byte reaches 100.
  const input = { scale: 0.5, zero: 10 }
  const reals = Float32Array.of(-59, -2, 3, 68.5)
  const set = itemsOf([1, 4, 1], [], {
    input,
    read: async () => ({ count: 1, bytes: Uint8Array.of(0, 114, 124, 255), reals })
  })
  const batch = await fitItems(limited as never, set).read('test', 0, 1)
  expect([...batch.reals]).toEqual([-2, -2, 3, 68.5])
  expect([...batch.bytes]).toEqual([114, 114, 124, 255])
  // Limits beyond all codes by less than half a step change nothing: the set itself is read.
  const within = { ...limited, inputLimits: [-58.75, 68.25] as const }
  expect(fitItems(within as never, set)).toBe(set)
  const beyond = { ...limited, inputLimits: [-58.5, 68.25] as const }
  expect(fitItems(beyond as never, set)).not.toBe(set)
})

it.each([
  ['classification', { classes: 4 }, { classes: 5 }, '5 classes', 'add the set again with --classes N'],
  ['nextToken', { classes: 4 }, { classes: 256 }, '256 tokens', '--task unlabelled'],
  ['regression', { targetWidth: 4 }, { targetWidth: 1 }, '1 numbers to predict', '--task unlabelled'],
  ['reconstruction', { shape: [8, 8, 1], wants: 64 }, {}, '64 values', '--task unlabelled']
])('wants as many outputs as a set of %s has', (task, fitting, other, words, hint) => {
  // The network has four outputs.
  const network = plainNetwork()
  if (task !== 'reconstruction')
    expect(() => fitItems(network, { ...setOf([8, 8, 1]), task, ...fitting } as never)).not.toThrow()
  expect(() => fitItems(network, { ...setOf([8, 8, 1]), task, ...other } as never)).toThrow(
    expect.objectContaining({
      message: `The network has 4 outputs; "set" has ${words}.`,
      hint: expect.stringContaining(hint) as string
    })
  )
})
