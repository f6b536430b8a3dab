import { describe, expect, it } from 'vitest'
import { compareProxies, type ComparedProxy } from '@core/compare/compareProxies'

const proxy = (
  kernel: string,
  points: [shape: string, measured: number, predicted: number, weightBits?: number][]
): ComparedProxy =>
  ({
    proxy: {
      ...{ kernel, unit: 'cycles', estimator: 'physics', boardId: null, rows: points.length },
      ...{ unseenShapeMape: 1, randomMape: null, trainMape: 0 }
    },
    points: points.map(([shape, measured, predicted, weightBits = 8]) => ({
      ...{ shape, activationBits: 8, weightBits, measured, predicted }
    }))
  }) as ComparedProxy
const figureOf = (compared: ComparedProxy[]) =>
  compareProxies(compared).figures.find(({ name }) => name.includes('mean of the shapes'))!

describe('proxies side by side', () => {
  it('differ by the mean over shapes, each once, with Student’s interval', () => {
    const first = proxy('matmul', [
      ['a', 100, 110],
      ['a', 100, 130],
      ['b', 100, 90],
      ['only here', 10, 20]
    ])
    const second = proxy('matmul', [
      ['a', 100, 122],
      ['b', 50, 57]
    ])
    const { values, against } = figureOf([first, second])
    // Errors by shape: 20, 10, 100 against 22, 14. Differences 2 and 4: mean 3, half width t(0.975, 1) * 1.
    expect(values[0]).toBeCloseTo(130 / 3, 12)
    expect(values[1]).toBeCloseTo(18, 12)
    expect(against[1]!.value).toBeCloseTo(3, 9)
    expect(against[1]!.high).toBeCloseTo(3 + 12.7062, 3)
  })

  it('leave out rows without a time, and have no difference for other kernels', () => {
    const first = proxy('matmul', [
      ['a', 0, 5],
      ['b', 10, 11],
      ['c', 10, 12]
    ])
    expect(figureOf([first, first]).values[0]).toBeCloseTo(15, 9)
    const other = compareProxies([first, { ...first, proxy: { ...first.proxy, kernel: 'conv2d' } }])
    expect(other.notes).toEqual(['They predict different kernels.'])
    expect(other.figures[1].against[1]).toBeNull()
    expect(figureOf([proxy('matmul', [])]).values).toEqual([null])
  })

  it('say why there is no interval where they share fewer than two unseen shapes', () => {
    const first = proxy('matmul', [
      ['a', 100, 110],
      ['b', 100, 120]
    ])
    const second = proxy('matmul', [
      ['a', 100, 110],
      ['c', 100, 120]
    ])
    const { notes } = compareProxies([first, second])
    expect(notes).toEqual([
      'Fewer than two shapes were predicted unseen by both: without them there is no interval.'
    ])
    expect(compareProxies([first, first]).notes).toEqual([])
  })

  it('differ over the bit pairs that both predicted', () => {
    const first = proxy('matmul', [
      ['a', 100, 110],
      ['a', 100, 190, 2],
      ['b', 100, 110]
    ])
    const second = proxy('matmul', [
      ['a', 100, 112],
      ['b', 100, 114]
    ])
    const { values, against } = figureOf([first, second])
    expect(values[0]).toBeCloseTo(30, 9)
    expect(against[1]!.value).toBeCloseTo(3, 9)
  })

  it('have no difference between time and energy, and no unseen shape where there is one alone', () => {
    const first = proxy('matmul', [
      ['a', 100, 110],
      ['b', 100, 120]
    ])
    const energy = { ...first, proxy: { ...first.proxy, unit: 'nJ' as const } }
    const { notes, figures } = compareProxies([first, energy])
    expect(notes).toEqual(['Some predict latency and some energy.'])
    expect(figures[1].against[1]).toBeNull()
    const single = { ...first, proxy: { ...first.proxy, unseenShapeMape: null } }
    expect(figureOf([single, single]).values).toEqual([null, null])
  })
})
