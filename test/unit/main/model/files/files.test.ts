import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '@shared/errors'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { chooseSplits, firstImages, lastImages, takeImages } from '@core/model/dataSet'
import { decodeSubset, encodeSubset, readIdxPair } from '@main/model/data/imageFiles'
import { createImageLibrary } from '@main/model/data/imageLibrary'
import { isLargeNetwork, readNetwork } from '@main/model/files/readNetwork'
import { createModelFiles, describeModel } from '@main/model/files/modelFiles'
import { decodeOnnx, encodeOnnx } from '@main/model/files/onnxFile'
import { plainNetwork, residualNetwork } from '../../../../support/smallNetworks'
import { makeNamedPipe } from '../../../../support/namedPipe'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-model-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const refusal = async (work: () => unknown): Promise<AppError> => {
  try {
    await work()
  } catch (error) {
    return AppError.from(error)
  }
  throw new Error('nothing was thrown')
}

describe('ONNX files', () => {
  it('come back as they were written', () => {
    const model = exportOnnx(residualNetwork(), { 'bitbench.seed': '7' })
    expect(decodeOnnx(encodeOnnx(model))).toEqual(model)
  })

  it('that are something else are refused', async () => {
    for (const bytes of [
      new Uint8Array(0),
      Buffer.from('not a model at all'),
      Uint8Array.of(255, 255, 255, 255)
    ]) {
      const error = await refusal(() => decodeOnnx(bytes))
      expect(error.code).toBe('model.invalid')
      expect(error.hint).not.toBe('')
    }
  })

  it('whose tensors do not fit their shapes are refused by name', async () => {
    const model = exportOnnx(plainNetwork())
    const [first, ...rest] = model.initializers
    const bytes = encodeOnnx({ ...model, initializers: [{ ...first!, dims: [5, 5] }, ...rest] })
    const error = await refusal(() => decodeOnnx(bytes))
    expect(error.code).toBe('model.invalid')
    expect(error.message).toContain(first!.name)
  })
})

describe('model files', () => {
  it('are listed by the hash of their bytes, described and remembered', async () => {
    const file = path.join(folder, 'own.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(plainNetwork())))
    const openedFile = path.join(folder, 'data', 'models.json')
    const options = { modelsFolder: path.join(folder, 'shipped'), openedFile }
    const model = await createModelFiles(options).open(file)
    expect(model.summary.id).toMatch(/^[0-9a-f]{16}$/)
    expect(model.summary.shipped).toBe(false)
    const info = describeModel(model)
    expect(info.weightedLayers).toEqual(['conv1', 'conv2', 'fc1', 'fc2'])
    expect(info.macs).toBe(64 * 36 + 4 * 216 + 288 + 48)
    const later = createModelFiles(options)
    expect((await later.list()).map(({ id }) => id)).toEqual([model.summary.id])
    expect((await later.find(model.summary.id)).graph).toEqual(plainNetwork())
  })

  it.runIf(process.platform === 'linux')('have no card where a pipe or a device has its name', async () => {
    const file = path.join(folder, 'own.onnx')
    const card = path.join(folder, 'own.json')
    await writeFile(file, encodeOnnx(exportOnnx(plainNetwork())))
    const options = { modelsFolder: path.join(folder, 'shipped'), openedFile: null }
    makeNamedPipe(card)
    expect((await createModelFiles(options).open(file)).summary.card).toBeNull()
    await rm(card)
    await symlink('/dev/zero', card)
    expect((await createModelFiles(options).open(file)).summary.card).toBeNull()
  })

  it('are named by id, and files are read only for ids that are new', async () => {
    const file = path.join(folder, 'own.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(plainNetwork())))
    const openedFile = path.join(folder, 'models.json')
    const options = { modelsFolder: path.join(folder, 'shipped'), openedFile }
    const { id } = (await createModelFiles(options).open(file)).summary
    const files = createModelFiles(options)
    expect(await files.names([id, '0123'])).toEqual(new Map([[id, 'own']]))
    // Without its file the name is still there: nothing was read again.
    await rm(file)
    expect(await files.names([id, '0123'])).toEqual(new Map([[id, 'own']]))
    expect(await files.list()).toEqual([])
    // An id that was unknown is named once its file is opened.
    const other = path.join(folder, 'other.onnx')
    await writeFile(other, encodeOnnx(exportOnnx(residualNetwork())))
    const found = createModelFiles({ ...options, openedFile: null })
    const otherId = (await createModelFiles({ ...options, openedFile: null }).open(other)).summary.id
    expect(await found.names([otherId])).toEqual(new Map())
    await found.open(other)
    expect(await found.names([otherId])).toEqual(new Map([[otherId, 'other']]))
  })

  it('are read again only when one of their files has changed', async () => {
    const file = path.join(folder, 'own.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(plainNetwork())))
    const read = vi.fn(readNetwork)
    const options = {
      modelsFolder: path.join(folder, 'shipped'),
      openedFile: path.join(folder, 'models.json')
    }
    const files = createModelFiles({ ...options, read })
    const first = await files.open(file)
    expect(await files.list()).toEqual([first.summary])
    expect(read).toHaveBeenCalledTimes(1)
    await writeFile(file, encodeOnnx(exportOnnx(residualNetwork())))
    const [second] = await files.list()
    expect(second!.id).not.toBe(first.summary.id)
    expect(read).toHaveBeenCalledTimes(2)
    // The first network's file is overwritten; what was read of it is still known by its id.
    expect((await files.find(first.summary.id)).graph).toEqual(plainNetwork())
    await rm(file)
    expect(await files.list()).toEqual([])
  })

  it('of the same content are known by the copy that was opened last', async () => {
    const shipped = path.join(folder, 'shipped')
    await mkdir(shipped)
    const bytes = encodeOnnx(exportOnnx(plainNetwork()))
    for (const file of [path.join(shipped, 'net.onnx'), path.join(folder, 'own.onnx')])
      await writeFile(file, bytes)
    const files = createModelFiles({ modelsFolder: shipped, openedFile: path.join(folder, 'models.json') })
    const { id } = (await files.open(path.join(folder, 'own.onnx'))).summary
    expect((await files.list()).map(({ name }) => name)).toEqual(['net', 'own'])
    expect((await files.find(id)).summary.name).toBe('own')
    expect(await files.names([id])).toEqual(new Map([[id, 'own']]))
  })

  it('are read again when a file has changed while it was read', async () => {
    const file = path.join(folder, 'own.onnx')
    await writeFile(file, encodeOnnx(exportOnnx(plainNetwork())))
    const read = vi.fn(async (from: string) => {
      const found = await readNetwork(from)
      if (read.mock.calls.length === 1) await writeFile(from, encodeOnnx(exportOnnx(residualNetwork())))
      return found
    })
    const files = createModelFiles({ modelsFolder: path.join(folder, 'shipped'), openedFile: null, read })
    const first = await files.open(file)
    expect(first.graph).toEqual(plainNetwork())
    const second = await files.open(file)
    expect(second.graph).toEqual(residualNetwork())
    expect(second.summary.id).not.toBe(first.summary.id)
    expect(await files.open(file)).toBe(second)
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('are imported in a worker where they are large or keep their data elsewhere', async () => {
    const small = path.join(folder, 'small.onnx')
    await writeFile(small, encodeOnnx(exportOnnx(plainNetwork())))
    expect(await isLargeNetwork(small)).toBe(false)
    const large = path.join(folder, 'large.onnx')
    await writeFile(large, new Uint8Array(2 * 2 ** 20 + 1))
    expect(await isLargeNetwork(large)).toBe(true)
    expect(await isLargeNetwork(path.join(folder, 'none.onnx'))).toBe(false)
    expect(await isLargeNetwork(folder)).toBe(false)
    const broken = path.join(folder, 'broken.onnx')
    await writeFile(broken, 'no model')
    expect(await isLargeNetwork(broken)).toBe(false)
  })

  it('are all remembered when they are opened at once, also while one cannot be read', async () => {
    const openedFile = path.join(folder, 'data', 'models.json')
    const options = { modelsFolder: path.join(folder, 'shipped'), openedFile }
    const paths = ['one', 'two', 'three'].map((name) => path.join(folder, `${name}.onnx`))
    const bytes = encodeOnnx(exportOnnx(plainNetwork()))
    for (const file of paths) await writeFile(file, bytes)
    const files = createModelFiles(options)
    await Promise.all(paths.map((file) => files.open(file)))
    await rm(paths[1]!)
    expect(await files.openedPaths()).toEqual(expect.arrayContaining(paths))
    expect(await createModelFiles(options).openedPaths()).toHaveLength(3)
  })

  it('that are missing or unknown are clear errors, and a damaged list is not fatal', async () => {
    const openedFile = path.join(folder, 'models.json')
    await writeFile(openedFile, '{broken')
    const files = createModelFiles({ modelsFolder: folder, openedFile })
    expect(await files.list()).toEqual([])
    expect((await refusal(() => files.open(path.join(folder, 'none.onnx')))).code).toBe('input.notFound')
    expect((await refusal(() => files.find('0123'))).code).toBe('input.notFound')
  })
})

describe('image subsets', () => {
  const images = (count: number, start: number) => ({
    count,
    labels: Uint8Array.from({ length: count }, (_, at) => (start + at) % 10),
    pixels: Uint8Array.from({ length: count * 6 }, (_, at) => (start * 7 + at) % 256)
  })

  it('come back as they were written', async () => {
    const splits = new Map([
      ['search', images(5, 1)],
      ['test', images(3, 9)]
    ])
    const read = await decodeSubset(await encodeSubset({ shape: [2, 3, 1], splits }), 'file')
    expect(read).toEqual({ shape: [2, 3, 1], splits })
  })

  it('cut short, foreign or not packed right are refused', async () => {
    const whole = await encodeSubset({ shape: [2, 3, 1], splits: new Map([['test', images(4, 0)]]) })
    for (const bytes of [
      whole.subarray(0, whole.length - 9),
      Buffer.from('something'),
      gzipSync(Buffer.from('BBIS\x01\0'))
    ]) {
      const error = await refusal(() => decodeSubset(bytes, 'pictures.bin'))
      expect(error.code).toBe('data.invalid')
      expect(error.message).toContain('pictures.bin')
    }
  })

  it('are missing with a hint', async () => {
    const library = createImageLibrary({ modelsFolder: folder, fullSetFolder: path.join(folder, 'none') })
    expect((await refusal(() => library.load('test'))).code).toBe('data.missing')
    const full = await refusal(() => library.load('fullTest'))
    expect(full.hint).toContain('dataset-fashion-mnist')
    expect(library.hasFullSet()).toBe(false)
  })

  it('of the full test set are read once', async () => {
    const header = (...words: number[]): Buffer => {
      const bytes = Buffer.alloc(4 * words.length)
      for (const [at, word] of words.entries()) bytes.writeUInt32BE(word, 4 * at)
      return bytes
    }
    const write = (name: string, bytes: Buffer): Promise<void> =>
      writeFile(path.join(folder, name), gzipSync(bytes))
    const library = createImageLibrary({ modelsFolder: folder, fullSetFolder: folder })
    expect((await refusal(() => library.load('fullTest'))).message).toContain('t10k')
    await write('t10k-images-idx3-ubyte.gz', Buffer.concat([header(0x803, 2, 1, 2), Buffer.of(1, 2, 3, 4)]))
    await write('t10k-labels-idx1-ubyte.gz', Buffer.concat([header(0x801, 2), Buffer.of(7, 8)]))
    const first = await library.load('fullTest')
    expect([...first.pixels]).toEqual([1, 2, 3, 4])
    expect(await library.load('fullTest')).toBe(first)
  })
})

describe('IDX files', () => {
  const header = (rank: number, ...dims: number[]): Buffer => {
    const bytes = Buffer.alloc(4 + 4 * dims.length)
    bytes.writeUInt32BE(0x0800 + rank, 0)
    for (const [at, size] of dims.entries()) bytes.writeUInt32BE(size, 4 + 4 * at)
    return bytes
  }

  it('are read plain or packed', async () => {
    const [images, labels] = [path.join(folder, 'i'), path.join(folder, 'l.gz')]
    await writeFile(images, Buffer.concat([header(3, 2, 1, 2), Buffer.of(1, 2, 3, 4)]))
    await writeFile(labels, gzipSync(Buffer.concat([header(1, 2), Buffer.of(7, 8)])))
    expect(await readIdxPair(images, labels)).toEqual({
      count: 2,
      pixels: Uint8Array.of(1, 2, 3, 4),
      labels: Uint8Array.of(7, 8)
    })
  })

  it('that do not fit together are refused', async () => {
    const [images, labels] = [path.join(folder, 'i'), path.join(folder, 'l')]
    await writeFile(images, Buffer.concat([header(3, 2, 1, 2), Buffer.of(1, 2, 3, 4)]))
    await writeFile(labels, Buffer.concat([header(1, 1), Buffer.of(7)]))
    expect((await refusal(() => readIdxPair(images, labels))).message).toContain('1 labels for 2 images')
    expect((await refusal(() => readIdxPair(images, images))).code).toBe('data.invalid')
    await writeFile(labels, Buffer.concat([header(1, 5), Buffer.of(7)]))
    expect((await refusal(() => readIdxPair(images, labels))).code).toBe('data.invalid')
  })
})

describe('splits', () => {
  const labels = Uint8Array.from({ length: 200 }, (_, at) => at % 4)
  const plans = [
    { split: 'search', perClass: 10 },
    { split: 'tune', perClass: 20 }
  ] as const

  it('are stratified, disjoint and seeded', () => {
    const chosen = chooseSplits(labels, plans, 5)
    const [search, tune] = [chosen.get('search')!, chosen.get('tune')!]
    expect(search.length).toBe(40)
    expect(tune.length).toBe(80)
    for (const label of [0, 1, 2, 3])
      expect([...search].filter((index) => labels[index] === label).length).toBe(10)
    expect([...search].filter((index) => tune.includes(index))).toEqual([])
    expect(chooseSplits(labels, plans, 5)).toEqual(chosen)
    expect(chooseSplits(labels, plans, 6)).not.toEqual(chosen)
  })

  it('take the images they name', () => {
    const source = { count: 3, labels: Uint8Array.of(5, 6, 7), pixels: Uint8Array.of(1, 1, 2, 2, 3, 3) }
    expect(takeImages(source, [2, 0])).toEqual({
      count: 2,
      labels: Uint8Array.of(7, 5),
      pixels: Uint8Array.of(3, 3, 1, 1)
    })
    expect(firstImages(source, 1).count).toBe(1)
    expect(firstImages(source, 9)).toBe(source)
    expect(lastImages(source, 2)).toEqual({
      count: 2,
      labels: Uint8Array.of(6, 7),
      pixels: Uint8Array.of(2, 2, 3, 3)
    })
    expect(lastImages(source, 9)).toBe(source)
  })
})
