import { describe, expect, it } from 'vitest'
import { bytesOf, inputFormatOf, itemReals } from '@core/dataset/inputFormat'
import { anomalyLabels, createLabelBook } from '@core/dataset/labels'
import { prepareItem, resize, toChannelsFirst } from '@core/dataset/prepare'
import { drawSplits, findLeaks, usualShares } from '@core/dataset/splits'

const plain = { layout: 'hwc', size: null, fit: 'stretch', grey: false } as const

describe('geometry', () => {
  it('puts channels last, and back', () => {
    const { values, shape } = prepareItem(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 1, 2], {
      ...plain,
      layout: 'chw'
    })
    expect(shape).toEqual([1, 2, 3])
    expect([...values]).toEqual([1, 3, 5, 2, 4, 6])
    expect([...toChannelsFirst(values as Uint8Array, shape, new Uint8Array(6))]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('weighs colours as BT.601 does', () => {
    const { values } = prepareItem(Uint8Array.of(100, 200, 50), [1, 1, 3], { ...plain, grey: true })
    expect([...values]).toEqual([Math.round(29.9 + 117.4 + 5.7)])
  })

  it('takes the mean of an area when smaller and runs straight between centres when larger', () => {
    expect([...resize({ values: Float32Array.of(1, 3, 5, 7), shape: [2, 2, 1] }, 1, 1).values]).toEqual([4])
    expect([...resize({ values: Float32Array.of(0, 4), shape: [1, 2, 1] }, 1, 4).values]).toEqual([
      0, 1, 3, 4
    ])
    // 3 to 2: each covers one and a half.
    const [low, high] = resize({ values: Float32Array.of(0, 3, 6), shape: [1, 3, 1] }, 1, 2).values
    expect(low).toBeCloseTo(1, 6)
    expect(high).toBeCloseTo(5, 6)
  })

  it('crops the middle to the wanted proportions', () => {
    const { values } = prepareItem(Uint8Array.of(9, 1, 2, 9), [1, 4], { ...plain, size: [1, 2], fit: 'crop' })
    expect([...values]).toEqual([1, 2])
  })
})

describe('input format', () => {
  it('folds a slope and an offset that is a whole byte, so that bytes stay bytes', () => {
    const normalisation = { scale: 1 / 255, mean: [0], std: [1] }
    const format = inputFormatOf(normalisation, 'u8', { low: 0, high: 255 })
    expect(format).toEqual({ scale: 1 / 255, zero: 128, folded: true })
    expect([...bytesOf(Uint8Array.of(0, 7, 255), 1, normalisation, format, new Uint8Array(3))]).toEqual([
      0, 7, 255
    ])
    expect(inputFormatOf({ scale: 1, mean: [0], std: [1] }, 'i8', { low: -128, high: 127 })).toEqual({
      scale: 1,
      zero: 0,
      folded: true
    })
    // x = (p / 255 - 0.2) / 0.5: the byte of real zero is 51.
    expect(
      inputFormatOf({ scale: 1 / 255, mean: [0.2], std: [0.5] }, 'u8', { low: 0, high: 255 })
    ).toMatchObject({ zero: 128 - 51, folded: true })
  })

  it.each([
    [{ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, 3, 'u8'],
    [{ scale: 1, mean: [0], std: [1] }, 1, 'f32']
  ] as const)('keeps every value within half a step otherwise: %j', (normalisation, channels, element) => {
    const values =
      element === 'u8'
        ? Uint8Array.from({ length: 300 }, (_, at) => (at * 37) % 256)
        : Float32Array.from({ length: 300 }, (_, at) => Math.sin(at) * 3 + 1)
    const range = element === 'u8' ? { low: 0, high: 255 } : { low: -2, high: 4 }
    const format = inputFormatOf(normalisation, element, range)
    expect(format.folded).toBe(false)
    expect(format.zero).toBeGreaterThanOrEqual(-127)
    expect(format.zero).toBeLessThanOrEqual(128)
    const reals = itemReals(values, channels, normalisation, new Float32Array(300))
    const bytes = bytesOf(values, channels, normalisation, format, new Uint8Array(300))
    for (const [at, real] of reals.entries()) {
      expect(Math.abs(format.scale * (bytes[at]! - 128 + format.zero) - real)).toBeLessThanOrEqual(
        format.scale * 1.001
      )
    }
  })
})

describe('splits', () => {
  const basis = (count: number, classes: number) => ({
    classes: Int32Array.from({ length: count }, (_, at) => at % classes),
    given: new Int8Array(count).fill(-1),
    origins: new Uint8Array(count)
  })

  it('are disjoint, complete, stratified and the same for the same seed', () => {
    const given = basis(1000, 10)
    const splits = drawSplits(given, usualShares, 7)
    expect([...splits.values()].map(({ length }) => length)).toEqual([100, 100, 300, 500])
    expect(new Set([...splits.values()].flatMap((items) => [...items])).size).toBe(1000)
    for (const items of splits.values()) {
      const perClass = new Array<number>(10).fill(0)
      for (const item of items) perClass[item % 10]!++
      expect(Math.max(...perClass) - Math.min(...perClass)).toBeLessThanOrEqual(1)
    }
    expect(drawSplits(given, usualShares, 7)).toEqual(splits)
    expect(drawSplits(given, usualShares, 8)).not.toEqual(splits)
  })

  it('keep what files say: named splits, and test files as test alone', () => {
    const given = basis(40, 2)
    given.origins.fill(1)
    given.origins.fill(2, 30)
    given.given[0] = 2
    const splits = drawSplits(given, usualShares, 1)
    expect([...splits.get('test')!].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, at) => 30 + at)
    )
    expect([...splits.get('search')!]).toContain(0)
  })

  it('give every split its share of many classes with one item each', () => {
    const splits = drawSplits(basis(100, 100), usualShares, 3)
    expect([...splits.values()].map(({ length }) => length)).toEqual([10, 10, 30, 50])
  })

  it('show equal items that lie in different splits', () => {
    const splits = new Map([
      ['search', Int32Array.of(0, 1)],
      ['test', Int32Array.of(2, 3)]
    ] as const)
    const leaks = findLeaks(['a', 'b', 'b', 'c'], splits)
    expect(leaks).toEqual({ items: 2, pairs: [{ items: [1, 2], splits: ['search', 'test'] }] })
    expect(findLeaks(['a', 'a', 'b', 'c'], splits).items).toBe(0)
  })
})

describe('labels', () => {
  it('are in the order of the network where it is given, and all of them must be named', () => {
    const words = createLabelBook()
    for (const label of ['blue', 'red', 'blue']) words.add(label)
    const order = ['red', 'green', 'blue']
    expect(words.classes({ names: null, atLeast: null, order })).toEqual({
      names: order,
      classOf: Int32Array.from([2, 0])
    })
    const lacking = () => words.classes({ names: null, atLeast: null, order: ['red', 'green'] })
    expect(lacking).toThrow(
      'The items have a class "blue", which is not among the 2 classes that were named.'
    )
    const numbers = createLabelBook()
    for (const label of [1, 0]) numbers.add(label)
    expect(numbers.classes({ names: null, atLeast: null, order }).classOf).toEqual(Int32Array.from([1, 0]))
    numbers.add(3)
    expect(() => numbers.classes({ names: null, atLeast: null, order })).toThrow(/class "3"/)
  })

  it('that are numbers and are named in an order have the places of their names', () => {
    const classesOf = (
      labels: readonly (string | number)[],
      order: readonly string[],
      names: string[] | null
    ) => {
      const book = createLabelBook()
      for (const label of labels) book.add(label)
      return [...book.classes({ names, atLeast: null, order }).classOf]
    }
    expect(classesOf([1, 2, 3], ['1', '2', '3'], null)).toEqual([0, 1, 2])
    expect(classesOf([0, 1, 2], ['2', '0', '1'], null)).toEqual([1, 2, 0])
    expect(() => classesOf([0, 1, 3], ['1', '2', '3'], null)).toThrow(/class "0"/)
    expect(() => classesOf([1.5], ['a', 'b', 'c'], null)).toThrow(/class "1.5"/)
    // Numbers that the files name: their names are what is ordered.
    expect(classesOf([0, 1], ['dog', 'cat'], ['cat', 'dog'])).toEqual([1, 0])
    expect(classesOf([0, 1], ['Hund', 'Katze'], ['cat', 'dog'])).toEqual([0, 1])
  })

  it('that are numbers stay, names are sorted', () => {
    const numbers = createLabelBook()
    numbers.add(2)
    numbers.add(0)
    const numeric = numbers.classes({ names: null, atLeast: null })
    expect(numeric.names).toEqual(['0', '1', '2'])
    expect([...numeric.classOf]).toEqual([2, 0])
    const words = createLabelBook()
    words.add('dog')
    words.add('cat')
    const named = words.classes({ names: null, atLeast: null })
    expect(named.names).toEqual(['cat', 'dog'])
    expect([...named.classOf]).toEqual([1, 0])
  })

  it('that are fractions are refused', () => {
    const book = createLabelBook()
    book.add(0.5)
    expect(() => book.classes({ names: null, atLeast: null })).toThrow(/no class number/)
  })

  it('call what is normal 0', () => {
    expect([...anomalyLabels(['anomaly', 'normal'])]).toEqual([1, 0])
    expect([...anomalyLabels(['0', '1', '2'])]).toEqual([0, 1, 1])
  })
})
