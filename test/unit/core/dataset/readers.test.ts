import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { audioItems, keywordFeatures, machineFeatures } from '@core/dataset/audio/features'
import { bytesStream } from '@core/dataset/byteStream'
import type { GoodItem, ReadItem } from '@core/dataset/item'
import { halfToNumber, readNumbers } from '@core/dataset/numbers'
import { readBmp } from '@core/dataset/readBmp'
import { cifarLayout, readCifar } from '@core/dataset/readCifar'
import { chooseCsvColumns, readCsvItems, splitCsvLine, toNumber } from '@core/dataset/readCsv'
import { readIdx } from '@core/dataset/readIdx'
import { readNpy } from '@core/dataset/readNpy'
import { readTextItems } from '@core/dataset/readText'
import { readWav } from '@core/dataset/readWav'
import { fft } from '@core/dataset/audio/spectrum'

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../fixtures/datasets/${name}`, import.meta.url))
const expected = JSON.parse(fixture('expected.json').toString()) as {
  mfcc: number[]
  logMel: { frames: number; first: number[]; last: number[] }
}

const collect = async (items: AsyncIterable<ReadItem>): Promise<ReadItem[]> => {
  const all: ReadItem[] = []
  for await (const item of items) all.push(item)
  return all
}
const named = (bytes: Uint8Array | readonly number[]) => ({
  name: 'file',
  stream: bytesStream(Uint8Array.from(bytes))
})
const good = (item: ReadItem | undefined): GoodItem => {
  if (item?.kind !== 'good') throw new Error(`not a good item: ${JSON.stringify(item)}`)
  return item
}

describe('IDX', () => {
  const items = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]
  const labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9]

  it('gives values, shape and label of every item', async () => {
    const [first, second] = await collect(readIdx(named(items), named(labels), 'train'))
    expect(good(first)).toMatchObject({ shape: [1, 3], label: 7, origin: 'train' })
    expect([...good(first).values]).toEqual([1, 2, 3])
    expect([...good(second).values]).toEqual([4, 5, 6])
    expect(good(second).label).toBe(9)
  })

  it('reads big-endian floats and signed bytes', async () => {
    const [item] = await collect(
      readIdx(named([0, 0, 0x0d, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0]), null, null)
    )
    expect([...good(item).values]).toEqual([-2.5])
    const [signed] = await collect(readIdx(named([0, 0, 9, 2, 0, 0, 0, 1, 0, 0, 0, 2, 255, 128]), null, null))
    expect(good(signed).values).toEqual(Int8Array.of(-1, -128))
  })

  it('names the items that a short file lacks and refuses what does not fit', async () => {
    const read = await collect(readIdx(named(items.slice(0, -1)), named(labels), null))
    expect(read.map(({ kind }) => kind)).toEqual(['good', 'bad'])
    await expect(collect(readIdx(named([...items, 1]), null, null))).rejects.toMatchObject({
      code: 'data.invalid'
    })
    await expect(
      collect(readIdx(named(items), named([0, 0, 8, 1, 0, 0, 0, 3, 7, 9, 1]), null))
    ).rejects.toMatchObject({ code: 'data.invalid' })
    await expect(collect(readIdx(named([1, 2, 3, 4]), null, null))).rejects.toMatchObject({
      code: 'data.invalid'
    })
  })
})

describe('NPY', () => {
  const npy = (descr: string, shape: string, body: Uint8Array, order = 'False'): Uint8Array => {
    const head = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117) + '\n'
    return Buffer.concat([
      Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, head.length, 0]),
      Buffer.from(head),
      body
    ])
  }

  it('gives rows with class numbers or targets', async () => {
    const x = npy('<f4', '2, 2', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer))
    const y = npy('<i8', '2,', new Uint8Array(BigInt64Array.of(5n, 6n).buffer))
    const [, second] = await collect(readNpy(named(x), { file: named(y), as: 'label' }, null))
    expect([...good(second).values]).toEqual([3, 4])
    expect(good(second).label).toBe(6)
    const [first] = await collect(readNpy(named(x), { file: named(x), as: 'target' }, null))
    expect([...good(first).target!]).toEqual([1, 2])
  })

  it('leaves out items that hold NaN, and refuses objects and Fortran order', async () => {
    const x = npy('<f4', '2, 1', new Uint8Array(Float32Array.of(NaN, 4).buffer))
    expect((await collect(readNpy(named(x), null, null))).map(({ kind }) => kind)).toEqual(['bad', 'good'])
    await expect(
      collect(readNpy(named(npy('|O', '1,', new Uint8Array(8))), null, null))
    ).rejects.toMatchObject({ code: 'data.invalid' })
    await expect(
      collect(readNpy(named(npy('<f4', '1,', new Uint8Array(4), 'True')), null, null))
    ).rejects.toMatchObject({ code: 'data.invalid' })
  })

  it('reads half floats by their definition', () => {
    expect([0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00].map(halfToNumber)).toEqual([
      1,
      -2,
      0.333251953125,
      2 ** -24,
      Infinity
    ])
    expect([...readNumbers(Uint8Array.of(0xff, 0xfe), 'i16', false)]).toEqual([-2])
  })
})

describe('CIFAR binary', () => {
  it('turns planes into pixels and takes the fine label', async () => {
    const planes = Array.from({ length: 12 }, (_, at) => at)
    const [item] = await collect(
      readCifar(named([3, 8, ...planes]), { side: 2, labelBytes: 2, classes: 100, origin: null })
    )
    expect(good(item).label).toBe(8)
    expect([...good(item).values]).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
  })

  it('knows the layout by the size of the file and names a cut record', async () => {
    expect(cifarLayout(3073 * 10_000, 32)).toEqual({ labelBytes: 1 })
    expect(cifarLayout(3074 * 500, 32)).toEqual({ labelBytes: 2 })
    expect(cifarLayout(3075, 32)).toBeNull()
    const read = await collect(
      readCifar(named([1, 2, 3]), { side: 2, labelBytes: 1, classes: 10, origin: null })
    )
    expect(read[0]).toMatchObject({ kind: 'bad', name: 'file item 1' })
  })

  it('leaves an item out whose class the set does not have', async () => {
    const record = (label: number) => [label, ...Array<number>(12).fill(0)]
    const stream = named([...record(9), ...record(10), ...record(0)])
    const read = await collect(readCifar(stream, { side: 2, labelBytes: 1, classes: 10, origin: null }))
    expect(read.map(({ kind }) => kind)).toEqual(['good', 'bad', 'good'])
    expect(read[1]).toMatchObject({ name: 'file item 2', reason: 'its class is 10, and the set has 10' })
  })
})

describe('CSV', () => {
  async function* lines(text: string) {
    yield* text.split('\n')
  }
  const wishes = { label: null, targets: [], ignore: [], isClassification: false }

  it('finds delimiter, header, class and split by itself', async () => {
    const text = 'x;y1;Label;split\n1;2;cat;train\n-3;4e1;"d;g";test\n\n5;;cat;\n6;7;cat;what'
    const columns = chooseCsvColumns(text.split('\n'), wishes, 'f')
    expect(columns).toMatchObject({ delimiter: ';', hasHeader: true, label: 2, split: 3, features: [0, 1] })
    const [a, b, c, d] = await collect(readCsvItems(lines(text), columns, 'f'))
    expect(good(a)).toMatchObject({ label: 'cat', origin: 'train', split: null })
    expect([...good(b).values]).toEqual([-3, 40])
    expect(good(b)).toMatchObject({ label: 'd;g', split: 'test' })
    expect(c).toMatchObject({ kind: 'bad', name: 'f line 5' })
    expect(d).toMatchObject({ kind: 'bad', reason: '"what" is no split' })
  })

  it('without header counts columns from 1, and takes targets by name', () => {
    const columns = chooseCsvColumns(['1,2,3', '4,5,6'], { ...wishes, targets: ['3'], ignore: ['1'] }, 'f')
    expect(columns).toMatchObject({ hasHeader: false, targets: [2], features: [1], label: null })
    expect(() => chooseCsvColumns(['a,b', '1,2'], { ...wishes, label: 'c' }, 'f')).toThrow(/no column "c"/)
    expect(() => chooseCsvColumns(['a,a', '1,2'], wishes, 'f')).toThrow(/twice/)
  })

  const readAll = async (text: string) =>
    collect(readCsvItems(lines(text), chooseCsvColumns(text.split('\n'), wishes, 'f'), 'f'))
  const numbersOf = (items: Awaited<ReturnType<typeof readAll>>) =>
    items.map((item) => [...good(item).values])

  it('takes numbers as they are written: decimal commas, marks of thousands, one way for the whole file', async () => {
    expect(numbersOf(await readAll('a;b;label\n0,5;1.234,25;cat\n-2;7,5;cat'))).toEqual([
      [0.5, 1234.25],
      [-2, 7.5]
    ])
    expect(numbersOf(await readAll('a,b,label\n0.5,"1,234.25",cat\n-2e1,7,cat'))).toEqual([
      [0.5, 1234.25],
      [-20, 7]
    ])
    const items = await readAll('x;label\n1.234,5;cat\n1.5;cat\n1_0;cat')
    expect(items.slice(1).map((item) => (item.kind === 'bad' ? item.reason : ''))).toEqual([
      '"1.5" in column x is no number as the others are written',
      '"1_0" in column x is no number'
    ])
  })

  it('without a header finds the separator beside decimal commas', async () => {
    const text = '0,5;1,5;2\n3,5;4,5;1'
    const columns = chooseCsvColumns(text.split('\n'), { ...wishes, label: '3' }, 'f')
    expect(columns).toMatchObject({ hasHeader: false, delimiter: ';', label: 2 })
    const items = await collect(readCsvItems(lines(text), columns, 'f'))
    expect(items.map((item) => [...good(item).values])).toEqual([
      [0.5, 1.5],
      [3.5, 4.5]
    ])
  })

  it("skips comments and Excel's sep= before the header, and counts lines as an editor does", async () => {
    const items = await readAll(
      '\ufeffsep=;\r\n# made by a spreadsheet\r\n\r\nx;label\r\n0,5;cat\r\nno;cat\r'
    )
    expect(good(items[0]!).values[0]).toBe(0.5)
    expect(items[1]).toMatchObject({ kind: 'bad', name: 'f line 6' })
  })

  it('takes the one column of texts as the class, unless targets are named or there are two', () => {
    const choose = (text: string, more = {}) =>
      chooseCsvColumns(text.split('\n'), { ...wishes, ...more }, 'f')
    const text = 'A;Klasse;B\n0,5;rot;1\n0,25;blau;2'
    expect(choose(text)).toMatchObject({ label: 1, features: [0, 2] })
    expect(choose(text, { targets: ['A'] })).toMatchObject({ label: null, features: [1, 2] })
    expect(choose('A,x,y2\n1,a,b\n2,c,d')).toMatchObject({ label: null, features: [0, 1, 2] })
    expect(choose('A,B\n1,none\n2,3')).toMatchObject({ label: null, features: [0, 1] })
    expect(choose(text, { ignore: ['Klasse'] })).toMatchObject({ label: null, features: [0, 2] })
  })

  it('predicts a column with the name of a class that holds fractions, unless classes are wanted', async () => {
    const choose = (text: string, more = {}) =>
      chooseCsvColumns(text.split('\n'), { ...wishes, ...more }, 'f')
    const text = 'a,b,target\n1,2,0.25\n3,4,-1\n5,6,1e3'
    expect(choose(text)).toMatchObject({ label: null, targets: [2], features: [0, 1], isFractions: true })
    expect(good((await readAll(text))[0]!).target).toEqual(Float32Array.of(0.25))
    expect(choose(text, { label: 'target' })).toMatchObject({ label: 2, isFractions: false })
    expect(choose(text, { isClassification: true })).toMatchObject({ label: 2, isFractions: false })
    expect(choose('a;target\n1;0,25\n2;1,5')).toMatchObject({ label: null, targets: [1] })
    for (const whole of ['a,y\n1,0\n2,-1', 'a,y\n1,0.0\n2,3.00', 'a,y\n1,cat\n2,0.5'])
      expect(choose(whole)).toMatchObject({ label: 1, isFractions: false })
  })

  it('numbers classes that a table holds as floats by what they are, not by their digits', async () => {
    const items = await readAll(`a,label\n1,10.0\n1,2.0\n1,0.0\n1,x`)
    expect(items.map((item) => good(item).label)).toEqual([10, 2, 0, 'x'])
  })

  it('refuses a file whose numbers can be read in two ways', () => {
    const text = 'x;label\n1,234;cat\n5,678;cat'
    expect(() => chooseCsvColumns(text.split('\n'), wishes, 'f')).toThrow(/may be a decimal mark/)
  })

  it('reads only plain decimal numbers, and quotes by RFC 4180', () => {
    expect(['1', '-2.5e3', '.5', '1,5', '0x10', '', 'Infinity', '1_0'].map(toNumber)).toEqual([
      1,
      -2500,
      0.5,
      null,
      null,
      null,
      null,
      null
    ])
    expect(splitCsvLine('"a ""b""",c\r', ',')).toEqual(['a "b"', 'c'])
  })
})

describe('BMP', () => {
  it('reads rows bottom-up with padding as RGB', () => {
    const head = Buffer.alloc(54)
    head.write('BM')
    head.writeUInt32LE(54, 10)
    head.writeUInt32LE(40, 14)
    head.writeInt32LE(1, 18)
    head.writeInt32LE(2, 22)
    head.writeUInt16LE(24, 28)
    const file = Buffer.concat([head, Buffer.from([3, 2, 1, 0, 6, 5, 4, 0])])
    expect([...readBmp(file, 'f').pixels]).toEqual([4, 5, 6, 1, 2, 3])
    head.writeInt32LE(-2, 22)
    expect([...readBmp(Buffer.concat([head, Buffer.from([3, 2, 1, 0, 6, 5, 4, 0])]), 'f').pixels]).toEqual([
      1, 2, 3, 4, 5, 6
    ])
    expect(() => readBmp(file.subarray(0, 60), 'f')).toThrow(/ends within/)
  })
})

describe('text', () => {
  it('cuts windows and gives the byte behind each as label', async () => {
    const read = await collect(readTextItems(named(Buffer.from('abcdefgh')), 3, 2))
    expect(
      read.map((item) => [Buffer.from(good(item).values as Uint8Array).toString(), good(item).label])
    ).toEqual([
      ['abc', 'd'.charCodeAt(0)],
      ['cde', 'f'.charCodeAt(0)],
      ['efg', 'h'.charCodeAt(0)]
    ])
  })
})

describe('sounds', () => {
  const sound = readWav(fixture('words/down/0.wav'), 'f')

  it('become the MFCCs an independent implementation gives (numpy, scipy; make.py)', () => {
    const [item] = audioItems(sound, keywordFeatures, 'f')
    expect(item!.shape).toEqual([49, 10, 1])
    expect(expected.mfcc.length).toBe(490)
    const worst = Math.max(...expected.mfcc.map((value, at) => Math.abs(value - item!.values[at]!)))
    expect(worst).toBeLessThan(2e-4)
  })

  it('become the log-mel frames an independent implementation gives', () => {
    const items = audioItems(sound, machineFeatures, 'f')
    expect(items.length).toBe(expected.logMel.frames)
    for (const [at, wanted] of [
      [0, expected.logMel.first],
      [items.length - 1, expected.logMel.last]
    ] as const) {
      const worst = Math.max(...wanted.map((value, index) => Math.abs(value - items[at]!.values[index]!)))
      expect(worst).toBeLessThan(2e-3)
    }
  })

  it('of another rate, cut short or no sound at all are refused', () => {
    expect(() => audioItems({ rateHz: 8000, samples: new Float32Array(10) }, keywordFeatures, 'f')).toThrow(
      /8000/
    )
    expect(() => audioItems({ rateHz: 16_000, samples: new Float32Array(10) }, keywordFeatures, 'f')).toThrow(
      /silent/
    )
    expect(() => readWav(fixture('words/down/0.wav').subarray(0, 1000), 'f')).toThrow(/ends within/)
    expect(() => readWav(Buffer.from('RIFFxxxxWAVE'), 'f')).toThrow(/no samples/)
  })

  it('transforms by the definition of the DFT', () => {
    const given = Float64Array.of(1, -2, 3.5, 0, 4, 1, -1, 2)
    const [real, imaginary] = [given.slice(), new Float64Array(8)]
    fft(real, imaginary)
    for (let k = 0; k < 8; k++) {
      const re = given.reduce((sum, value, n) => sum + value * Math.cos((2 * Math.PI * k * n) / 8), 0)
      const im = given.reduce((sum, value, n) => sum - value * Math.sin((2 * Math.PI * k * n) / 8), 0)
      expect(real[k]).toBeCloseTo(re, 10)
      expect(imaginary[k]).toBeCloseTo(im, 10)
    }
  })
})
