import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dataSetRequestSchema, type DataSetInfo } from '@shared/contract/dataset'
import { badItem, goodItem, type ReadItem } from '@core/dataset/item'
import { ingest } from '@main/dataset/ingest'
import type { ItemSource } from '@main/dataset/itemSource'
import { previewItems } from '@main/dataset/preview'
import { openStoredItems, readRecord } from '@main/store/storedItems'

let root: string
/** Of the set that was read last. */
let folder: string
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'bitbench ingest '))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Told {
  progress: [number, number, string | undefined][]
}

async function read(
  items: readonly ReadItem[],
  more: object = {},
  source: Partial<ItemSource> = {},
  told: Told = { progress: [] }
): Promise<DataSetInfo> {
  folder = mkdtempSync(path.join(root, 'set '))
  const own: ItemSource = {
    ...{ format: 'npy', total: items.length, classNames: null, audio: null },
    ...source,
    items: async function* () {
      for (const item of items) yield await Promise.resolve(item)
    }
  }
  const context = {
    signal: new AbortController().signal,
    progress: (done: number, total: number, note?: string) => void told.progress.push([done, total, note]),
    yieldToAbort: async () => undefined
  } as unknown as Parameters<typeof ingest>[4]
  return await ingest(
    own,
    dataSetRequestSchema.parse({ path: '/data/x', name: 'set', ...more }),
    folder,
    77,
    context
  )
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const pair = (name: string, values: number[], known: object): ReadItem =>
  goodItem(name, bytes(...values), [2], known)

describe('reading a data set into a folder', () => {
  it('refuses a mean or std for another number of channels, which would be taken in turn', async () => {
    const picture = goodItem('a', bytes(1, 2, 3, 4, 5, 6), [1, 2, 3], {})
    const normalised = (mean: number[], std: number[], more = {}) => ({
      preparation: { normalise: { scale: 1, mean, std }, ...more }
    })
    await expect(read([picture], normalised([1, 2], [1]))).rejects.toMatchObject({
      code: 'input.invalid',
      message: 'The mean has 2 numbers; the prepared items have 3 channels.'
    })
    await expect(read([picture], normalised([0], [1, 2, 3], { grey: true }))).rejects.toMatchObject({
      code: 'input.invalid',
      message: 'The std has 3 numbers; the prepared items have 1 channel.'
    })
    for (const mean of [[0], [1, 2, 3]])
      await expect(read([picture], normalised(mean, [2, 2, 2]))).resolves.toMatchObject({ items: 1 })
  })

  it('keeps items, classes, targets and splits as the files name them, and gives them back', async () => {
    const info = await read([
      pair('a', [0, 9], { label: 'dog', split: 'test' }),
      pair('b', [250, 3], { label: 'cat', split: 'tune' }),
      badItem('broken', 'it ends early', 3),
      pair('c', [1, 2], { label: 'dog', split: 'search' }),
      pair('d', [4, 5], { label: 'cat', split: 'calibration' }),
      pair('e', [6, 7], { label: 'cat', split: 'test' })
    ])
    expect(info).toMatchObject({
      ...{ name: 'set', format: 'npy', task: 'classification', element: 'u8', shape: [1, 1, 2], items: 5 },
      ...{
        range: { low: 0, high: 250 },
        classes: ['cat', 'dog'],
        targetWidth: 1,
        sizeBytes: 10,
        createdAtMs: 77
      },
      skipped: { count: 3, first: [{ name: 'broken', reason: 'it ends early' }] },
      leaks: { items: 0, pairs: [] },
      ...{ notes: [], problem: null }
    })
    const bySplit = Object.fromEntries(
      info.splits.map(({ split, items, histogram }) => [split, [items, histogram]])
    )
    expect(bySplit).toMatchObject({
      calibration: [1, [1, 0]],
      tune: [1, [1, 0]],
      search: [1, [0, 1]],
      test: [2, [1, 1]]
    })
    expect(await readRecord(folder)).toEqual(info)

    const set = await openStoredItems(folder)
    const raw = await set.raw('tune', 0)
    expect([raw.item, [...raw.values], [...raw.target]]).toEqual([1, [250, 3], [0]])
    const batch = await set.read('search', 0, 10)
    expect([batch.count, [...batch.bytes], [...batch.reals], [...batch.targets]]).toEqual([
      1,
      [1, 2],
      [1, 2],
      [1]
    ])
    expect([set.count('test'), set.classes, set.targetWidth, set.input]).toEqual([2, 2, 1, null])
    await expect(set.raw('test', 2)).rejects.toThrow('has no item 2')
    await set.close()

    expect(await previewItems(folder, 'search', 5)).toEqual([
      { name: 'c', split: 'search', label: 'dog', shape: [1, 1, 2], values: [1, 2] }
    ])
    expect(await previewItems(folder, 'test', 1)).toHaveLength(1)
  })

  it('leaves out what is not like the first item, with the reason', async () => {
    const info = await read([
      pair('first', [1, 2], { label: 0 }),
      goodItem('long', bytes(1, 2, 3), [3], { label: 0 }),
      goodItem('real', Float32Array.of(1, 2), [2], { label: 0 }),
      goodItem('aimed', bytes(1, 2), [2], { label: 0, target: Float32Array.of(1) }),
      pair('last', [3, 4], { label: 1 })
    ])
    expect([info.items, info.skipped.count]).toEqual([2, 3])
    expect(info.skipped.first).toEqual([
      { name: 'long', reason: 'it is 1 x 1 x 3 where the first is 1 x 1 x 2; a size would make them equal' },
      { name: 'real', reason: "its values are f32, the first's u8" },
      { name: 'aimed', reason: 'it has another number of targets' }
    ])
  })

  it('names at most fifty of the items that it left out and counts all', async () => {
    const bad = Array.from({ length: 60 }, (_, at) => badItem(`bad ${at}`, 'no reason'))
    const info = await read([pair('good', [1, 2], { label: 0 }), ...bad])
    expect([info.skipped.count, info.skipped.first.length, info.skipped.first[49].name]).toEqual([
      60,
      50,
      'bad 49'
    ])
  })

  it('tells of every 64 items, and of all at the end', async () => {
    const told: Told = { progress: [] }
    const items = Array.from({ length: 130 }, (_, at) => pair(`i${at}`, [at, 1], { label: at % 2 }))
    await read(items, {}, {}, told)
    expect(told.progress).toEqual([
      [64, 130, '0 left out'],
      [128, 130, '0 left out'],
      [130, 130, '0 left out']
    ])
  })

  it('is a regression where there are targets, and has none of the classes then', async () => {
    const target = (at: number) => ({ target: Float32Array.of(at, -at), split: 'test' as const })
    const info = await read([
      goodItem('a', Float32Array.of(0.5, -2), [2], target(1)),
      goodItem('b', Float32Array.of(8, 3), [2], target(2.5))
    ])
    expect(info).toMatchObject({
      ...{ task: 'regression', element: 'f32', targetWidth: 2, classes: [], sizeBytes: 16 },
      range: { low: -2, high: 8 }
    })
    expect(info.splits.every(({ histogram }) => histogram.length === 0)).toBe(true)
    const [first] = await previewItems(folder, 'test', 1)
    expect([first.label, first.values]).toEqual(
      first.name === 'a' ? ['1, -1', [0.5, -2]] : ['2.5, -2.5', [8, 3]]
    )
  })

  it('marks what is not normal where the task is to find it', async () => {
    const labels = ['bad', 'normal', 'odd']
    const info = await read(
      labels.map((label, at) => pair(`${at}`, [at, 0], { label, split: 'test' })),
      { task: 'reconstruction' }
    )
    expect(info.classes).toEqual(['bad', 'normal', 'odd'])
    const shown = await previewItems(folder, 'test', 3)
    expect(Object.fromEntries(shown.map(({ name, label }) => [name, label]))).toEqual({
      ...{ 0: 'anomaly', 1: 'normal', 2: 'anomaly' }
    })
  })

  it('without labels has no targets', async () => {
    const info = await read([pair('a', [1, 2], {}), pair('b', [3, 4], {})])
    expect([info.task, info.targetWidth, info.classes]).toEqual(['unlabelled', 0, []])
  })

  it('names items that are in two splits', async () => {
    const info = await read([
      pair('a', [1, 2], { label: 0, split: 'test' }),
      pair('b', [1, 2], { label: 0, split: 'tune' }),
      pair('c', [1, 3], { label: 0, split: 'tune' })
    ])
    expect(info.leaks.items).toBeGreaterThan(0)
    expect(info.leaks.pairs.map(({ names }) => [...names].sort())).toEqual([['a', 'b']])
  })

  it('says how arrays were read that may have their channels first', async () => {
    const item = (shape: number[]): ReadItem =>
      goodItem('a', new Uint8Array(shape.reduce((product, side) => product * side, 1)), shape, { label: 0 })
    const notes = async (shape: number[], more: object = {}, source: Partial<ItemSource> = {}) =>
      (await read([item(shape)], more, source)).notes
    expect(await notes([3, 5, 5])).toEqual([
      'Read as 3 rows of 5 with 5 channels. If the 3 are the channels, add the set again with --layout chw.'
    ])
    expect(await notes([4, 5, 5], {}, { notes: ['from the file'] })).toHaveLength(2)
    for (const shape of [
      [5, 5, 5],
      [3, 4, 5],
      [3, 5, 4]
    ])
      expect(await notes(shape)).toEqual([])
    expect(await notes([3, 5, 5], { preparation: { layout: 'chw' } })).toEqual([])
    expect(await notes([3, 5, 5], {}, { format: 'images' })).toEqual([])
  })

  it('is refused, without a record, where nothing can be used or labels are missing', async () => {
    await expect(read([])).rejects.toMatchObject({ code: 'data.invalid', message: '/data/x holds no items.' })
    await expect(read([badItem('one', 'it is empty', 4)])).rejects.toMatchObject({
      message: 'None of the 4 items of /data/x can be used.',
      hint: 'The first: one: it is empty.'
    })
    const half = [pair('a', [1, 2], { label: 1 }), pair('b', [1, 2], {})]
    await expect(read(half)).rejects.toThrow('1 of 2 items have no label')
    await expect(read([half[1]], { task: 'classification' })).rejects.toThrow('hold no labels')
    await expect(read([half[0]], { task: 'regression' })).rejects.toThrow('hold no numbers to predict')
    await expect(read([half[0]], { task: 'nextToken' })).rejects.toThrow('items are no text')
    expect(existsSync(path.join(folder, 'set.json'))).toBe(false)
  })
})

describe('a preview', () => {
  const shown = async (shape: number[]) => {
    const size = shape.reduce((product, side) => product * side, 1)
    await read([
      goodItem(
        'a',
        Float32Array.from({ length: size }, (_, at) => at),
        shape,
        { split: 'test' }
      )
    ])
    return (await previewItems(folder, 'test', 1))[0]
  }

  it('is the item itself up to 64 by 64, and smaller in proportion beyond', async () => {
    expect((await shown([64, 64, 1])).shape).toEqual([64, 64, 1])
    expect((await shown([32, 128, 2])).shape).toEqual([16, 64, 2])
    expect((await shown([260, 2, 1])).shape).toEqual([64, 1, 1])
    expect((await shown([1, 300, 1])).shape).toEqual([1, 300, 1])
  })

  it('thins a long vector to means of neighbours', async () => {
    expect((await shown([1024])).shape).toEqual([1, 1, 1024])
    const thin = await shown([2048])
    expect([thin.shape, thin.label]).toEqual([[1, 1, 1024], null])
    expect(thin.values.slice(0, 3)).toEqual([0.5, 2.5, 4.5])
  })
})
