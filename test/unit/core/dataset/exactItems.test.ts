import { describe, expect, it } from 'vitest'
import { audioItems, keywordFeatures, machineFeatures } from '@core/dataset/audio/features'
import { htkMelWeights, slaneyMelWeights } from '@core/dataset/audio/melWeights'
import { magnitudes, powerOfTwo } from '@core/dataset/audio/spectrum'
import { bytesStream } from '@core/dataset/byteStream'
import { sayWord } from '@core/dataset/generated/words'
import { bytesOf, inputFormatOf, itemReals } from '@core/dataset/inputFormat'
import { elementBytes, elementOf, sizeOfShape, type ReadItem } from '@core/dataset/item'
import { prepareItem, resize } from '@core/dataset/prepare'
import { chooseCsvColumns, readCsvItems } from '@core/dataset/readCsv'
import { isOneHot, readNpy } from '@core/dataset/readNpy'
import { readWav } from '@core/dataset/readWav'
import { createRandom, type Random } from '@core/math/random'

/** Values of single items, worked out by hand or by another way of computing them. */
const collect = async (items: AsyncIterable<ReadItem>): Promise<ReadItem[]> => {
  const all: ReadItem[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('WAV', () => {
  const chunk = (name: string, body: readonly number[]): number[] => [
    ...[...name].map((char) => char.charCodeAt(0)),
    ...[body.length & 255, body.length >> 8, 0, 0],
    ...body,
    // Chunks begin at even places.
    ...(body.length % 2 === 1 ? [0] : [])
  ]
  const wav = (
    code: number,
    channels: number,
    bits: number,
    data: readonly number[],
    extra: number[] = []
  ) => {
    const format = [code & 255, code >> 8, channels, 0, 0x40, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, bits, 0, ...extra]
    const body = [...chunk('LIST', [1, 2, 3]), ...chunk('fmt ', format), ...chunk('data', data)]
    return Uint8Array.from([
      ...chunk(
        'RIFF',
        [...'WAVE'].map((char) => char.charCodeAt(0))
      ),
      ...body
    ])
  }
  const samples = (...of: Parameters<typeof wav>): number[] => Array.from(readWav(wav(...of), 'f').samples)

  it('holds integers of 8 to 32 bits, low byte first, as shares of their range', () => {
    expect(samples(1, 1, 8, [128, 0, 255])).toEqual([0, -1, 127 / 128])
    expect(samples(1, 1, 16, [0, 0x80, 1, 0, 0xff, 0x7f])).toEqual([-1, 1 / 32768, 32767 / 32768])
    expect(samples(1, 1, 24, [0, 0, 0x80, 1, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff])).toEqual([
      ...[-1, 2 ** -23, 2 ** -15, -(2 ** -23)]
    ])
    expect(samples(1, 1, 32, [0, 0, 0, 0x80, 0, 0, 0, 0x40])).toEqual([-1, 0.5])
    // 0x3f000000 is 0.5 as a float.
    expect(samples(3, 1, 32, [0, 0, 0, 0x3f])).toEqual([0.5])
    expect(readWav(wav(1, 1, 8, [1]), 'f').rateHz).toBe(8000)
  })

  it('has channels averaged, whole samples alone, and its code in the extension', () => {
    expect(samples(1, 2, 8, [128, 0, 192, 192, 7])).toEqual([-0.5, 0.5])
    const extension = [22, 0, 8, 0, 0, 0, 0, 0, 1, 0]
    expect(samples(0xfffe, 1, 8, [0], extension)).toEqual([-1])
    expect(() => samples(4, 1, 32, [0, 0, 0, 0])).toThrow(/format 4 with 32 bits/)
    expect(() => samples(3, 1, 16, [0, 0])).toThrow(/format 3 with 16 bits/)
    expect(() => samples(1, 1, 12, [0, 0])).toThrow(/is not read/)
    expect(() => samples(1, 0, 8, [0])).toThrow(/damaged/)
    const early = Uint8Array.from([...chunk('RIFF', [87, 65, 86, 69]), ...chunk('data', [1])])
    expect(() => readWav(early, 'f')).toThrow(/before its format/)
  })
})

describe('sounds as features', () => {
  it('have triangles of equal height in mel, or of area one in Hz', () => {
    const band = { melBins: 10, rateHz: 16_000, lowHz: 100, highHz: 7000, bins: 2049 }
    const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700)
    const edge = (at: number): number => mel(100) + ((mel(7000) - mel(100)) * at) / 11
    for (const [row, weights] of htkMelWeights(band).entries()) {
      for (const bin of [1, 100, 517, 1500, 2048]) {
        const at = mel((8000 * bin) / 2048)
        const [low, peak, high] = [edge(row), edge(row + 1), edge(row + 2)]
        const expected =
          at <= low || at >= high ? 0 : at < peak ? (at - low) / (peak - low) : (high - at) / (high - peak)
        expect(weights[bin]).toBeCloseTo(expected, 9)
      }
      expect(weights[0]).toBe(0)
    }
    for (const weights of slaneyMelWeights(band)) {
      const area = weights.reduce((sum, weight) => sum + weight * (8000 / 2048), 0)
      expect(area).toBeCloseTo(1, 2)
    }
    // Below 1 kHz the scale is linear: triangles of 0 to 1000 Hz are equal, 100 Hz apart, 2 / 200 high.
    const linear = slaneyMelWeights({ melBins: 9, rateHz: 2000, lowHz: 0, highHz: 1000, bins: 11 })
    for (const [row, weights] of linear.entries())
      expect(weights.findIndex((weight) => Math.abs(weight - 0.01) < 1e-9)).toBe(row + 1)
    // Above it 27 steps are a factor of 6.4: 1000 to 6400 Hz in 27 steps.
    const high = slaneyMelWeights({ melBins: 26, rateHz: 16_000, lowHz: 1000, highHz: 6400, bins: 80_001 })
    const peaks = high.map((weights) => weights.indexOf(Math.max(...weights)) / 10)
    for (const [row, hz] of peaks.entries()) expect(hz).toBeCloseTo(1000 * 6.4 ** ((row + 1) / 27), -0.5)
  })

  it('have whole frames under a periodic Hann window', () => {
    const frames = magnitudes(
      Float32Array.from({ length: 11 }, () => 1),
      { frameLength: 4, frameStep: 3, fftLength: 8 }
    )
    // Window 0, 0.5, 1, 0.5: sum 2; at the highest bin 0 - 0.5 + 1 - 0.5 = 0.
    expect(frames.length).toBe(3)
    for (const frame of frames) {
      expect(frame.length).toBe(5)
      expect([frame[0], frame[4]!.toFixed(9)]).toEqual([2, '0.000000000'])
    }
    expect([1, 2, 3, 480, 512, 513].map(powerOfTwo)).toEqual([1, 2, 4, 512, 512, 1024])
  })

  it('have as many frames as fit: 49 of a second, and items of five joined frames', () => {
    const tone = Float32Array.from(
      { length: 16_000 },
      (_, at) => 0.25 * Math.sin((2 * Math.PI * 1000 * at) / 16_000)
    )
    const [item] = audioItems({ rateHz: 16_000, samples: tone }, keywordFeatures, 'f')
    expect(item!.shape).toEqual([49, 10, 1])
    // Loudness does not count, and a sound that ends early is followed by silence.
    const louder = audioItems(
      { rateHz: 16_000, samples: tone.map((value) => 2 * value) },
      keywordFeatures,
      'f'
    )
    expect(louder[0]!.values).toEqual(item!.values)
    const short = audioItems({ rateHz: 16_000, samples: tone.subarray(0, 320) }, keywordFeatures, 'f')[0]!
    // Of silence: 40 x ln(1e-6) x 2 / sqrt(80), and no further coefficient.
    const silence = short.values.slice(-10)
    expect(silence[0]).toBeCloseTo((2 * 40 * Math.log(1e-6)) / Math.sqrt(80), 3)
    for (const value of silence.slice(1)) expect(value).toBeCloseTo(0, 4)
    const items = audioItems({ rateHz: 16_000, samples: tone.subarray(0, 2048) }, machineFeatures, 'f')
    expect([items.length, items[0]!.shape]).toEqual([1, [640]])
    expect(
      audioItems({ rateHz: 16_000, samples: tone.subarray(0, 2560) }, machineFeatures, 'f')
    ).toHaveLength(2)
    expect(() =>
      audioItems({ rateHz: 16_000, samples: tone.subarray(0, 512) }, machineFeatures, 'f')
    ).toThrow(/half a window/)
  })

  it('show a tone in the mel bin that holds it, the same in every frame but the edges', () => {
    const tone = Float32Array.from({ length: 8192 }, (_, at) => Math.sin((2 * Math.PI * 3000 * at) / 16_000))
    const items = audioItems({ rateHz: 16_000, samples: tone }, machineFeatures, 'f')
    const [first, second] = [items[4]!.values, items[5]!.values]
    for (let at = 0; at < 4 * 128; at++) expect(first[128 + at]).toBeCloseTo(second[at]!, 6)
    const frame = first.slice(0, 128)
    const loudest = frame.indexOf(Math.max(...frame))
    // Slaney's scale: 3000 Hz is 15 + ln(3) / (ln(6.4) / 27) = 30.98 of 8000 Hz's 45.25; 128 bins between.
    expect(Math.abs(loudest + 1 - (30.98 / 45.25) * 129)).toBeLessThan(1)
  })
})

describe('synthetic words', () => {
  /** A speaker without chance: the middle of every range, and no noise. */
  const middle = { next: () => 0.5, normal: () => 0, integer: () => 0 } as unknown as Random
  // Voiced sounds alone are heard then: seconds before the first of them, and to the end of the last.
  it.each([
    ['down', 0, 0.09, 0.39],
    ['go', 1, 0.09, 0.29],
    ['left', 2, 0, 0.2],
    ['no', 3, 0, 0.3],
    ['off', 4, 0, 0.13],
    ['on', 5, 0, 0.23],
    ['right', 6, 0, 0.27],
    ['stop', 7, 0.21, 0.34],
    ['up', 8, 0, 0.13],
    ['yes', 9, 0, 0.2]
  ])('%s is as long as its sounds', (_, label, from, to) => {
    const sound = sayWord(label, middle)
    expect(sound.length).toBe(16_000)
    const heard = [...sound.keys()].filter((at) => Math.abs(sound[at]!) > 1e-12)
    // They begin at 0.15 s, 5 % slower than written; the first pulse of the voice comes within 100 samples.
    expect(heard[0]! - (2400 + from * 16_800)).toBeGreaterThanOrEqual(-3)
    expect(heard[0]! - (2400 + from * 16_800)).toBeLessThan(100)
    expect(Math.abs(heard.at(-1)! + 1 - (2400 + to * 16_800))).toBeLessThan(4)
    expect(Math.max(...sound.map(Math.abs))).toBeCloseTo(1, 6)
  })

  it('are silent for silence, and any other word is none of the ten', () => {
    expect(sayWord(10, middle).every((value) => value === 0)).toBe(true)
    const random = createRandom(1)
    const unknown = Array.from({ length: 20 }, () => sayWord(11, random))
    for (const sound of unknown) expect(Math.max(...sound.map(Math.abs))).toBeGreaterThan(0.9)
  })
})

describe('pictures', () => {
  const grid = (height: number, width: number, channels = 1) =>
    Float32Array.from({ length: height * width * channels }, (_, at) => at)
  const prepared = (
    size: readonly [number, number],
    fit: 'crop' | 'stretch',
    shape: number[],
    values: Float32Array
  ) => prepareItem(values, shape, { layout: 'hwc', size, fit, grey: false })

  it('are cropped in the middle, rows as well as columns, with their channels', () => {
    // 5 x 2 to 1:1: rows 1 and 2 (of 3 left over, one above).
    expect(Array.from(prepared([2, 2], 'crop', [5, 2], grid(5, 2)).values)).toEqual([2, 3, 4, 5])
    expect(Array.from(prepared([2, 2], 'crop', [6, 2, 1], grid(6, 2)).values)).toEqual([4, 5, 6, 7])
    expect(Array.from(prepared([1, 1], 'crop', [1, 3, 2], grid(1, 3, 2)).values)).toEqual([2, 3])
    // Fitting proportions stay whole: 2 x 4 to 1 x 2 are means of four.
    expect(Array.from(prepared([1, 2], 'crop', [2, 4], grid(2, 4)).values)).toEqual([2.5, 4.5])
  })

  it('keep their mean when they shrink, and their corners when they grow', () => {
    const random = createRandom(3)
    for (const [height, width, toHeight, toWidth] of [
      [7, 5, 3, 2],
      [9, 4, 4, 4],
      [5, 5, 1, 3]
    ] as const) {
      const values = Float32Array.from({ length: height * width * 2 }, () => random.next())
      const small = resize({ values, shape: [height, width, 2] }, toHeight, toWidth)
      expect(small.shape).toEqual([toHeight, toWidth, 2])
      for (const channel of [0, 1]) {
        const mean = (of: ArrayLike<number>): number =>
          Array.from(of).reduce((sum, value, at) => (at % 2 === channel ? sum + value : sum), 0) /
          (of.length / 2)
        expect(mean(small.values)).toBeCloseTo(mean(values), 5)
      }
    }
    const large = resize({ values: grid(2, 3), shape: [2, 3, 1] }, 5, 7)
    expect([0, 6, 28, 34].map((at) => large.values[at])).toEqual([0, 2, 3, 5])
    // Linear in both directions: f(y, x) = 3 y + x between the centres.
    expect(large.values[17]).toBeCloseTo(3 * 0.5 + 1, 5)
    const bytes = resize({ values: Uint8Array.of(0, 3), shape: [1, 2, 1] }, 1, 1)
    expect(Array.from(bytes.values)).toEqual([2])
  })
})

describe('items', () => {
  it('have elements of one or four bytes', () => {
    expect(['u8', 'i8', 'f32'].map((one) => elementBytes(one as 'u8'))).toEqual([1, 1, 4])
    expect([new Uint8Array(1), new Int8Array(1), new Float32Array(1)].map(elementOf)).toEqual([
      'u8',
      'i8',
      'f32'
    ])
    expect([sizeOfShape([]), sizeOfShape([3, 4, 5])]).toEqual([1, 60])
  })

  it('of a CSV: a wished target leaves the class out, and a line is named by its number', async () => {
    const lines = ['a,class,y,extra', '1,cat,2.5,9', '', '3,dog,x,9', '4,cat,5']
    const columns = (label: string | null, targets: string[], ignore: string[] = []) =>
      chooseCsvColumns(lines, { label, targets, ignore } as never, 'f')
    expect(columns(null, [])).toMatchObject({ label: 1, targets: [], features: [0, 2, 3] })
    expect(columns(null, ['y'], ['class', 'extra'])).toMatchObject({
      label: null,
      targets: [2],
      features: [0]
    })
    expect(columns('class', ['y'])).toMatchObject({ label: 1, targets: [2], features: [0, 3] })
    async function* given(): AsyncGenerator<string> {
      yield* lines
    }
    const items = await collect(readCsvItems(given(), columns('class', ['y'], ['extra']), 'f'))
    expect(items).toMatchObject([
      {
        kind: 'good',
        name: 'f line 2',
        label: 'cat',
        values: Float32Array.of(1),
        target: Float32Array.of(2.5)
      },
      { kind: 'bad', name: 'f line 4', reason: '"x" in column y is no number' },
      { kind: 'bad', name: 'f line 5', reason: 'it has 3 cells where 4 are expected' }
    ])
    expect(() => columns('none', [])).toThrow(/no column "none"/)
    expect(() => columns('class', ['y', 'a'], ['extra'])).toThrow(/no column is left/)
  })

  it('of a cut NPY: the last that are missing are named', async () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }\n"
    const bytes = [0x93, ...[...'NUMPY'].map((char) => char.charCodeAt(0)), 1, 0, header.length, 0]
    const file = (data: number[]) => ({
      name: 'f',
      stream: bytesStream(
        Uint8Array.from([...bytes, ...[...header].map((char) => char.charCodeAt(0)), ...data])
      )
    })
    const items = await collect(readNpy(file([1, 2, 3, 4, 5]), null, 'test'))
    expect(items.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'good f[0]',
      'good f[1]',
      'bad f[2] to [3]'
    ])
    expect(items[1]).toMatchObject({ values: Uint8Array.of(3, 4), shape: [2], origin: 'test', label: null })
    // One-hot rows stay classes, as far as they are there.
    expect(await isOneHot(file([1, 0, 0, 1, 0]))).toBe(true)
    expect(await isOneHot(file([1, 0, 1, 1, 0]))).toBe(false)
    expect(await isOneHot(file([1]))).toBe(false)
  })
})

describe('real inputs as bytes', () => {
  it('are at most half a step away, for every channel by its own line', () => {
    const normalisation = { scale: 1 / 255, mean: [0.5, 0.25], std: [0.5, 0.125] }
    const format = inputFormatOf(normalisation, 'u8', { low: 0, high: 255 })
    // Lines 2 p - 1 and 8 p - 2 for p in 0..1: -2 to 6 in 255 steps.
    expect(format).toEqual({ scale: 8 / 255, zero: Math.round(128 - 2 / (8 / 255)), folded: false })
    const values = Uint8Array.of(0, 0, 255, 255, 100, 31)
    const reals = itemReals(values, 2, normalisation, new Float32Array(6))
    expect([reals[0], reals[1], reals[2], reals[3]]).toEqual([-1, -2, 1, 6])
    const bytes = bytesOf(values, 2, normalisation, format, new Uint8Array(6))
    for (let at = 0; at < 6; at++)
      expect(Math.abs(format.scale * (bytes[at]! - 128 + format.zero) - reals[at]!)).toBeLessThan(
        format.scale * 0.51
      )
    const clipped = bytesOf(Float32Array.of(9999, -9999), 2, normalisation, format, new Uint8Array(2))
    expect(Array.from(clipped)).toEqual([255, 0])
    expect(
      Array.from(
        bytesOf(
          Int8Array.of(-128, 0, 127),
          1,
          normalisation,
          { scale: 1, zero: 0, folded: true },
          new Uint8Array(3)
        )
      )
    ).toEqual([0, 128, 255])
  })

  it('stay what they are where real zero is a byte, the outermost too', () => {
    const zeroOf = (mean: number, element: 'u8' | 'i8' = 'u8') =>
      inputFormatOf({ scale: 1, mean: [mean], std: [1] }, element, { low: 0, high: 255 })
    expect(zeroOf(0)).toEqual({ scale: 1, zero: 128, folded: true })
    expect(zeroOf(255)).toEqual({ scale: 1, zero: -127, folded: true })
    expect([zeroOf(256).folded, zeroOf(-1).folded, zeroOf(0.5).folded]).toEqual([false, false, false])
    expect(zeroOf(127, 'i8')).toEqual({ scale: 1, zero: -127, folded: true })
    expect(inputFormatOf({ scale: -1, mean: [0], std: [1] }, 'u8', { low: 0, high: 255 })).toMatchObject({
      ...{ scale: 1, folded: false }
    })
    expect(inputFormatOf({ scale: 1, mean: [0], std: [1] }, 'f32', { low: 0, high: 0 }).scale).toBe(1)
  })
})
