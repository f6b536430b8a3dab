import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { dataSetRequestSchema, type DataSetInfo } from '@shared/contract/dataset'
import { createDataSetService } from '@main/dataset/dataSetService'
import { datasetTasks } from '@main/dataset/datasetTasks'
import { createJobService } from '@main/jobs/jobService'
import { openStoredItems } from '@main/store/storedItems'
import { readPicture } from '@main/dataset/pictures'
import { makeNamedPipe } from '../../../support/namedPipe'
import { npyBytes } from '../../../support/npyBytes'

const fixtures = fileURLToPath(new URL('../../../fixtures/datasets', import.meta.url))
let root = ''
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'bitbench-dataset-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** The real service with its tasks run here; `stopAfter` cancels the job at the n-th look for an abort. */
function createService(stopAfter = Infinity) {
  let looks = 0
  const told: [done: number, total: number | undefined, note: string | undefined][] = []
  const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => 'job' })
  const service = createDataSetService({
    tasks: {
      run: (async (name: keyof typeof datasetTasks, input: never) =>
        datasetTasks[name](input, {
          signal: new AbortController().signal,
          progress: (...progress) => void told.push(progress as (typeof told)[number]),
          yieldToAbort: async () => {
            if (++looks < stopAfter) return
            jobs.cancel('job')
            throw new AppError('job.cancelled', 'stopped', '')
          }
        })) as never,
      close: async () => undefined
    },
    jobs,
    emit: () => undefined,
    root: path.join(root, 'sets'),
    nowMs: () => 1
  })
  const context = { signal: new AbortController().signal }
  return {
    service,
    told,
    async add(file: string, options: Record<string, unknown> = {}): Promise<DataSetInfo> {
      const target = path.isAbsolute(file) ? file : path.join(fixtures, file)
      const request = dataSetRequestSchema.parse({ path: target, name: 'set', ...options })
      await service.handlers['dataset.add'](request, context)
      await jobs.idle()
      const [job] = jobs.list()
      if (job!.error !== null) throw AppError.from(job!.error)
      return (await service.find(request.name)).info
    },
    open: async (name = 'set') => openStoredItems((await service.find(name)).folder),
    preview: (name = 'set') => service.handlers['dataset.preview']({ name, split: 'test', items: 4 }, context)
  }
}

describe('data sets', () => {
  it('of pictures say what was passed over, which folders are empty, and which lost their colours', async () => {
    const picture = async (file: string, channels: 1 | 3, value: number): Promise<void> => {
      await mkdir(path.dirname(path.join(root, file)), { recursive: true })
      const raw = { width: 4, height: 4, channels }
      const png = sharp(Buffer.alloc(16 * channels, value), { raw })
      await (channels === 1 ? png.toColourspace('b-w') : png).png().toFile(path.join(root, file))
    }
    for (let at = 0; at < 4; at++) {
      await picture(`in/a/${at}.png`, 1, at)
      await picture(`in/b/${at}.png`, 3, 50 + at)
    }
    await mkdir(path.join(root, 'in', 'c'))
    await writeFile(path.join(root, 'in', 'b', 'more.webp'), 'x')
    await writeFile(path.join(root, 'in', 'notes'), 'x')
    const info = await createService().add(path.join(root, 'in'))
    expect(info).toMatchObject({ shape: [4, 4, 1], classes: ['a', 'b'], items: 8 })
    expect(info.notes).toEqual([
      '2 files (.webp, no ending) were passed over: only PNG, JPEG or BMP is read.',
      '1 folder without pictures: "c".',
      'The first picture is grey, so 4 pictures in colour were made grey too. Begin with a picture in colour to keep colours.'
    ])
  })

  it('of a CSV with numbers to predict say so', async () => {
    const rows = Array.from({ length: 20 }, (_, at) => `${at},${at * 2},${at / 8}`)
    await writeFile(path.join(root, 'f.csv'), ['a,b,target', ...rows].join('\n'))
    const info = await createService().add(path.join(root, 'f.csv'))
    expect(info).toMatchObject({ task: 'regression', shape: [1, 1, 2], items: 20 })
    expect(info.notes[0]).toContain('"target" holds fractions')
  })

  it('of pictures keep classes, splits, what was left out and what is there twice', async () => {
    const { add, open, preview } = createService()
    const info = await add('pictures')
    expect(info).toMatchObject({
      format: 'images',
      task: 'classification',
      element: 'u8',
      shape: [8, 8, 3],
      items: 80
    })
    expect(info.classes).toEqual(['links hell', 'rechts größer'])
    expect(info.splits.map(({ items }) => items)).toEqual([8, 8, 24, 40])
    expect(info.splits.every(({ histogram }) => histogram[0] === histogram[1])).toBe(true)
    expect(info.skipped).toMatchObject({ count: 1, first: [{ name: 'links hell/zz damaged.png' }] })
    expect(info.leaks.items).toBe(2)
    const items = await open()
    const { bytes, targets, count } = await items.read('test', 0, 100)
    await items.close()
    expect(count).toBe(40)
    // The label says which half is bright.
    for (let at = 0; at < count; at++) {
      let difference = 0
      for (let index = 0; index < 192; index++)
        difference += (Math.floor(index / 3) % 8 < 4 ? 1 : -1) * bytes[at * 192 + index]!
      expect(difference > 0).toBe(targets[at] === 0)
    }
    const { items: shown } = await preview()
    expect(shown[0]).toMatchObject({ split: 'test', shape: [8, 8, 3] })
    expect(info.classes).toContain(shown[0]!.label)
  })

  it('read the same items from IDX (plain or packed), CIFAR and NPZ', async () => {
    const { add, open } = createService()
    const plain = await add('idx', { name: 'idx' })
    expect(plain).toMatchObject({ shape: [8, 8, 1], items: 60, element: 'u8' })
    expect(plain.splits.find(({ split }) => split === 'test')).toEqual({
      split: 'test',
      items: 20,
      histogram: [10, 10]
    })
    for (const name of ['images-idx3-ubyte', 'labels-idx1-ubyte']) {
      await writeFile(
        path.join(root, `t10k-${name}.gz`),
        gzipSync(readFileSync(path.join(fixtures, 'idx', `t10k-${name}`)))
      )
    }
    const packed = await createService().add(path.join(root, 't10k-images-idx3-ubyte.gz'), { name: 'packed' })
    expect(packed).toMatchObject({ shape: [8, 8, 1], items: 20 })
    expect(await createService().add('cifar', { name: 'cifar' })).toMatchObject({
      classes: ['left', 'right'],
      shape: [8, 8, 3]
    })
    const npz = createService()
    expect(await npz.add('arrays.npz', { name: 'npz' })).toMatchObject({
      element: 'f32',
      shape: [8, 8, 3],
      items: 60
    })
    // Floats reach the network within half a step of what they are.
    const set = await npz.open('npz')
    const { bytes, reals } = await set.read('search', 0, 10)
    await set.close()
    const { scale, zero } = set.input!
    for (const [at, value] of reals.entries())
      expect(Math.abs(scale * (bytes[at]! - 128 + zero) - value)).toBeLessThan(0.51 * scale)
    const again = await open('idx')
    expect(again.input).toBeNull()
    await again.close()
  })

  it('take validation arrays of MedMNIST and others for search, and count all that a cut array lacks', async () => {
    const arrays = path.join(root, 'arrays')
    await mkdir(arrays)
    const write = (name: string, rows: number, width: number, values: number[]): Promise<void> => {
      const shape = width === 1 ? [rows] : [rows, width]
      return writeFile(path.join(arrays, `${name}.npy`), npyBytes('|u1', shape, Uint8Array.from(values)))
    }
    const rows = (count: number, from: number): number[] =>
      Array.from({ length: 2 * count }, (_, at) => from + at)
    const classes = (count: number): number[] => Array.from({ length: count }, (_, at) => at % 2)
    await write('train_images', 20, 2, rows(20, 0))
    await write('train_labels', 20, 1, classes(20))
    await write('val_images', 8, 2, rows(8, 100))
    await write('val_labels', 8, 1, classes(8))
    // Of twelve test items the last three are missing.
    await write('test_images', 12, 2, rows(9, 150))
    // As Keras' to_categorical writes classes.
    await write(
      'test_labels',
      12,
      2,
      classes(12).flatMap((label) => [1 - label, label])
    )
    const service = createService()
    const found = await service.add(arrays, { name: 'medical' })
    expect(found).toMatchObject({ items: 37, task: 'classification', skipped: { count: 3 } })
    expect(found.splits.find(({ split }) => split === 'test')).toMatchObject({ histogram: [5, 4] })
    expect(found.skipped.first.map(({ name }) => name)).toEqual(['arrays: test_images[9] to [11]'])
    // 37 that are kept and 3 that the file lacks.
    expect(service.told.at(-1)).toEqual([40, 40, '3 left out'])
    const set = await service.open('medical')
    expect([set.count('search') >= 8, set.count('test')]).toEqual([true, 9])
    const { bytes } = await set.read('search', 0, 100)
    await set.close()
    const read = new Set(bytes)
    for (const value of rows(8, 100)) expect(read).toContain(value)
  })

  it('read the same items from a table with semicolons, decimal commas and UTF-16', async () => {
    const plain = readFileSync(path.join(fixtures, 'table.csv'), 'utf8')
    const other = plain.replaceAll(',', ';').replaceAll('.', ',').replaceAll('\n', '\r\n')
    const file = path.join(root, 'eine Tabelle.csv')
    await writeFile(file, Buffer.from(`\ufeffsep=;\r\n${other}`, 'utf16le'))
    const wanted = { labelColumn: 'kind', targetColumns: [], ignoreColumns: ['amount'] }
    const table = await createService().add('table.csv', { name: 'plain', ...wanted })
    const found = await createService().add(file, { name: 'other', ...wanted })
    expect(found).toMatchObject({ id: table.id, items: 50, classes: ['high', 'low'] })
    expect(found.skipped.first.map(({ name }) => name)).toEqual([
      'eine Tabelle.csv line 9',
      'eine Tabelle.csv line 11'
    ])
  })

  it('read tables, vectors, text and words', async () => {
    const table = await createService().add('table.csv', {
      name: 'classes',
      labelColumn: 'kind',
      ignoreColumns: ['amount']
    })
    expect(table).toMatchObject({
      task: 'classification',
      shape: [1, 1, 3],
      items: 50,
      classes: ['high', 'low']
    })
    expect(table.skipped.first.map(({ name }) => name)).toEqual(['table.csv line 8', 'table.csv line 10'])
    const amounts = createService()
    const regression = await amounts.add('table.csv', {
      name: 'amounts',
      targetColumns: ['amount'],
      ignoreColumns: ['kind']
    })
    expect(regression).toMatchObject({ task: 'regression', targetWidth: 1 })
    const set = await amounts.open('amounts')
    const { reals, targets } = await set.read('test', 0, 5)
    await set.close()
    for (let at = 0; at < 5; at++)
      expect(targets[at]).toBeCloseTo(2 * reals[3 * at]! - reals[3 * at + 1]! + 0.5, 4)
    expect(await createService().add('vectors.npy', { name: 'v' })).toMatchObject({
      task: 'unlabelled',
      shape: [1, 1, 14],
      targetWidth: 0
    })
    expect(await createService().add('text.txt', { name: 't', context: 16 })).toMatchObject({
      task: 'nextToken',
      shape: [1, 1, 16]
    })
    const words = await createService().add('words', { name: 'w' })
    expect(words).toMatchObject({ task: 'classification', shape: [49, 10, 1], classes: ['down', 'up'] })
    expect(words.audio).toMatchObject({
      kind: 'mfcc',
      melBins: 40,
      coefficients: 10,
      frameLength: 480,
      frameStep: 320
    })
  })

  it('with a manifest take its splits, and nothing outside the folder', async () => {
    const folder = path.join(root, 'given')
    await mkdir(folder)
    const solid = (level: number) =>
      sharp({ create: { width: 4, height: 4, channels: 3, background: { r: level, g: level, b: level } } })
    await solid(10).png().toFile(path.join(folder, 'a.png'))
    await solid(200).jpeg().toFile(path.join(folder, 'b.jpg'))
    await solid(90).png().toFile(path.join(folder, 'c.png'))
    await writeFile(
      path.join(folder, 'manifest.csv'),
      'file,label,split\na.png,dark,test\nb.jpg,light,search\nc.png,dark,train\n../x.png,dark,test\nnone.png,dark,test\n'
    )
    const info = await createService().add(folder)
    expect(info.items).toBe(3)
    expect(info.skipped.first.map(({ name }) => name)).toEqual(['../x.png', 'none.png'])
    expect(info.splits.find(({ split }) => split === 'test')!.items).toBe(1)
    expect(info.splits.find(({ split }) => split === 'search')!.items).toBeGreaterThanOrEqual(1)
  })

  it('of arrays say when their channels seem to come first, and of tables when nothing is to be predicted', async () => {
    const file = path.join(root, 'first.npy')
    await writeFile(file, npyBytes('|u1', [40, 3, 8, 8], new Uint8Array(40 * 3 * 8 * 8)))
    const info = await createService().add(file, { name: 'first' })
    expect(info.shape).toEqual([3, 8, 8])
    expect(info.notes).toEqual([
      'Read as 3 rows of 8 with 8 channels. If the 3 are the channels, add the set again with --layout chw.'
    ])
    const table = path.join(root, 'bare.csv')
    const rows = Array.from({ length: 40 }, (_, at) => `${at},${at * 2}`)
    await writeFile(table, ['a,b', ...rows].join('\n'))
    expect((await createService().add(table, { name: 'bare' })).notes[0]).toContain(
      'all 2 columns are inputs'
    )
    await expect(createService().add(path.join(root, 'none'), { name: 'none' })).rejects.toThrow(
      'There is no file or folder'
    )
  })

  it('of arrays say which were not read, and which floats look like class numbers', async () => {
    const arrays = path.join(root, 'floats')
    await mkdir(arrays)
    const write = (name: string, values: number[]): Promise<void> =>
      writeFile(path.join(arrays, `${name}.npy`), npyBytes('<f4', [values.length], Float32Array.from(values)))
    const count = Array.from({ length: 40 }, (_, at) => at)
    await write(
      'x_train',
      count.map((at) => at / 7)
    )
    await write(
      'y_train',
      count.map((at) => at % 3)
    )
    await write('weights', [1, 2])
    await write('names', [1])
    const unsaid = await createService().add(arrays)
    expect(unsaid).toMatchObject({ task: 'regression', items: 40 })
    expect(unsaid.notes).toEqual([
      'Not read, since their names say neither items nor labels: names, weights. Items are called x, images or data, labels y, labels or targets, with _train, _val or _test behind.',
      'floats: y_train holds 3 different whole numbers as floats, 0 to 2: read as numbers to predict (regression). If they are classes, add the set again with --task classification.'
    ])
    await rm(path.join(arrays, 'weights.npy'))
    await rm(path.join(arrays, 'names.npy'))
    expect(await createService().add(arrays, { name: 'b', task: 'classification' })).toMatchObject({
      ...{ task: 'classification', classes: ['0', '1', '2'], notes: [] }
    })
    expect((await createService().add(arrays, { name: 'c', task: 'regression' })).notes).toEqual([])
    // Numbers that hardly occur twice, fractions and negative ones are no classes.
    const others = [count, count.map((at) => (at % 3) / 2), count.map((at) => (at % 3) - 1)]
    for (const [at, values] of others.entries()) {
      await write('y_train', values)
      expect(await createService().add(arrays, { name: `d${at}` })).toMatchObject({
        task: 'regression',
        notes: []
      })
    }
  })

  it('have one identity for one content, another for another preparation', async () => {
    const first = await createService().add('idx', { name: 'a' })
    const second = await createService().add('idx', { name: 'b' })
    const third = await createService().add('idx', { name: 'c', preparation: { size: [4, 4] } })
    expect(second.id).toBe(first.id)
    expect(third.id).not.toBe(first.id)
    expect(third.shape).toEqual([4, 4, 1])
  })

  it('are refused with the reason: no path, a pipe, nothing usable, a taken name, a task without labels', async () => {
    const code = async (work: Promise<unknown>): Promise<string> =>
      AppError.from(
        await work.then(
          () => null,
          (reason: unknown) => reason
        )
      ).code
    expect(await code(createService().add('/nowhere/at all'))).toBe('data.missing')
    makeNamedPipe(path.join(root, 'pipe.csv'))
    expect(await code(createService().add(path.join(root, 'pipe.csv')))).toBe('data.invalid')
    await writeFile(path.join(root, 'bad.csv'), 'a,b\nx,y\n')
    expect(await code(createService().add(path.join(root, 'bad.csv')))).toBe('data.invalid')
    expect(await code(createService().add('vectors.npy', { task: 'classification' }))).toBe('data.invalid')
    await createService().add('idx')
    expect(await code(createService().add('idx'))).toBe('input.invalid')
    expect(await readdir(path.join(root, 'sets'))).toEqual(['set'])
  })

  it('leave nothing behind when cancelled, and can be removed', async () => {
    await expect(createService(1).add('pictures')).rejects.toMatchObject({
      code: 'job.cancelled',
      hint: 'Nothing of the set was kept. Start it again.'
    })
    expect(await readdir(path.join(root, 'sets'))).toEqual([])
    const { add, service } = createService()
    await add('idx')
    await service.handlers['dataset.remove']({ name: 'set' }, { signal: new AbortController().signal })
    await expect(service.find('set')).rejects.toMatchObject({ code: 'input.notFound' })
  })

  it.each(['set.json', 'order.bin', 'items.bin', 'targets.bin'])(
    'whose %s vanishes before it is read is named',
    async (part) => {
      const { add, service } = createService()
      await add('idx')
      const { folder } = await service.find('set')
      await rm(path.join(folder, part))
      await expect(openStoredItems(folder)).rejects.toMatchObject({
        code: 'data.missing',
        message: `${part} of the data set "set" cannot be read: it may have been removed meanwhile.`,
        hint: expect.stringContaining(folder) as unknown
      })
    }
  )
})

describe('pictures', () => {
  it('lose no value in PNG and come near in JPEG, grey or in colour', async () => {
    const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 5) % 256)
    const image = sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    await image.clone().png().toFile(path.join(root, 'p.png'))
    expect((await readPicture(path.join(root, 'p.png'), null)).pixels).toEqual(pixels)
    const flat = sharp({
      create: { width: 8, height: 8, channels: 3, background: { r: 120, g: 120, b: 120 } }
    })
    await flat.jpeg({ quality: 100 }).toFile(path.join(root, 'p.jpg'))
    const grey = await readPicture(path.join(root, 'p.jpg'), 1)
    expect(grey).toMatchObject({ width: 8, height: 8, channels: 1 })
    for (const value of grey.pixels) expect(Math.abs(value - 120)).toBeLessThanOrEqual(2)
    await sharp(Uint8Array.of(1, 2, 3, 4), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(path.join(root, 'g.png'))
    expect(await readPicture(path.join(root, 'g.png'), null)).toMatchObject({ channels: 1 })
    expect([...(await readPicture(path.join(root, 'g.png'), 3)).pixels]).toEqual([
      1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4
    ])
  })
})
