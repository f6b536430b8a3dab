import { describe, expect, it } from 'vitest'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { assembleTransfer } from '@core/estimator/transfer/assemble'
import { chooseStageTransfer } from '@core/estimator/transfer/choose'
import { stageTransferCurve } from '@core/estimator/transfer/curve'
import { transferErrors } from '@core/estimator/transfer/errors'
import { fitStageTransfer } from '@core/estimator/transfer/methods'
import { deviceFactsOf, knownDevices } from '@core/estimator/devices'

/** a = 1 + x y / 100 and b = 2 x ms on the source, each times its factor on the target; b is absent at y = 4. */
function device(factorA: number, factorB: number, name: string, constant = 0): StageSample[] {
  const samples: StageSample[] = []
  for (const x of [1, 2, 4, 8, 16, 32]) {
    for (const y of [1, 2, 3, 4, 5]) {
      const a = (1 + (x * y) / 100) * factorA + constant
      const stages = y === 4 ? { a } : { a, b: 2 * x * factorB + constant }
      samples.push({ knobs: { x, y }, stages, dataSet: name, device: name, origin: 'simulated' })
    }
  }
  return samples
}

const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, row) => row)

describe('stage transfer', () => {
  it('finds a factor per stage exactly and keeps absent stages absent', () => {
    const { problem, pool } = assembleTransfer({ source: device(1, 1, 's'), target: device(0.5, 3, 't') })
    const rest = pool.slice(10)
    for (const method of ['logOffset', 'affineRelative', 'affineLeastSquares'] as const) {
      const predicted = fitStageTransfer(method, problem, pool.slice(0, 10), 1).predict(rest)
      const errors = transferErrors(predicted, problem.target, rest, problem.table.stages)
      expect(errors.totalMape).toBeLessThan(1e-6)
      rest.forEach((row, at) =>
        expect(Number.isNaN(predicted[1]?.[at])).toBe(Number.isNaN(problem.source[1]?.[row]))
      )
    }
  })

  it('says which stages one device alone has, and when the target is the source', () => {
    const [source, target] = [device(1, 1, 's'), device(0.5, 3, 't')]
    const onlyA = (samples: StageSample[]): StageSample[] =>
      samples.map((sample) => ({ ...sample, stages: { a: sample.stages['a']! } }))
    expect(assembleTransfer({ source, target: onlyA(target) }).remarks[0]).toBe(
      'Stage "b" was not measured on the target: it is no part of any total.'
    )
    const known = assembleTransfer({ source: onlyA(source), target })
    expect(known.remarks[0]).toBe(
      'Stage "b" was not measured on the source: it is left out, of the totals too.'
    )
    // With times of nothing but NaN as its source, stage b kept the fits busy for ever.
    const { problem, pool } = known
    expect(problem.table.stages).toEqual(['a'])
    const rest = pool.slice(10)
    const predicted = fitStageTransfer('logOffset', problem, pool.slice(0, 10), 1).predict(rest)
    expect(transferErrors(predicted, problem.target, rest, problem.table.stages).totalMape).toBeLessThan(1e-6)
    // 30 times of a and 24 of b.
    expect(assembleTransfer({ source, target: device(1, 1, 't') }).remarks[0]).toContain(
      '54 of 54 times of the target are exactly those of the source'
    )
    expect(assembleTransfer({ source, target }).remarks.join()).not.toMatch(/Stage|exactly/)
  })

  it('names the devices that it knows where it knows the given one not', () => {
    const joined = { source: device(1, 1, 's'), target: device(0.5, 3, 't') }
    const said = (targetDevice: string): string =>
      assembleTransfer({ ...joined, targetDevice }).remarks.find((remark) =>
        remark.includes('target device')
      )!
    expect(said('GTX 480')).toMatch(/"GTX 480" is not known: .* --target-device; known are A10, .*, V100\.$/)
    expect(said('RTX 4090')).toBe(
      'The target device is taken as "RTX 4090" with 128 multiprocessors and memory of 1008 GB/s.'
    )
    expect(said('A100')).toBe(
      'The target device is taken as "A100" with 108 multiprocessors and memory of 2039 GB/s: the SXM4 module with 80 GB, because the name does not say which; --target-device names another.'
    )
    expect(said('NVIDIA A100-SXM4-40GB')).toMatch(/memory of 1555 GB\/s\.$/)
    for (const name of knownDevices) expect(deviceFactsOf(name)).not.toBeNull()
  })

  it('refuses sizes that cannot be drawn before anything is fitted', () => {
    const [source, target] = [device(1, 1, 's'), device(0.5, 3, 't')]
    const fit = (judge?: StageSample[]) => () =>
      stageTransferCurve(assembleTransfer({ source, target, ...(judge === undefined ? {} : { judge }) }), {
        ...{ sizes: [10, 30], seeds: 1 },
        onProgress: () => {
          throw new Error('fitted')
        }
      })
    expect(fit()).toThrow('The target has 30 configurations: 30 cannot be drawn with one left to judge by.')
    expect(fit(target)).toThrow(
      'The target has 0 configurations that are not in the judge: 10 cannot be drawn.'
    )
  })

  it('an affine target is found by A, not by the log offset', () => {
    const { problem, pool } = assembleTransfer({ source: device(1, 1, 's'), target: device(0.5, 2, 't', 4) })
    const rest = pool.slice(10)
    const error = (method: 'affineRelative' | 'logOffset') =>
      transferErrors(
        fitStageTransfer(method, problem, pool.slice(0, 10), 1).predict(rest),
        problem.target,
        rest,
        problem.table.stages
      ).totalMape
    expect(error('affineRelative')).toBeLessThan(1e-6)
    expect(error('logOffset')).toBeGreaterThan(5)
  })

  it('a stage that takes the same time everywhere on the source gets a factor, not a line through one point', () => {
    const same = (time: number, name: string): StageSample[] =>
      device(1, 1, name).map((sample) => ({ ...sample, stages: { a: time } }))
    const { problem, pool } = assembleTransfer({ source: same(4, 's'), target: same(6, 't') })
    const [predicted] = fitStageTransfer('affineLeastSquares', problem, pool, 1).predict(pool)
    for (const time of predicted!) expect(time).toBeCloseTo(6, 12)
  })

  it('the global line gives the total and leaves the shares of the source', () => {
    const { problem, pool } = assembleTransfer({ source: device(1, 1, 's'), target: device(2, 2, 't') })
    const [predicted] = fitStageTransfer('globalAffine', problem, pool, 1).predict(Int32Array.of(0))
    expect(predicted?.[0]).toBeCloseTo(2 * (1 + 1 / 100), 9)
  })

  it('ridge regression on standardised knobs draws every slope in by its thousandth', () => {
    const { problem, pool } = assembleTransfer({ source: device(1, 1, 's'), target: device(0.5, 3, 't') })
    const [, predicted] = fitStageTransfer('linear', problem, pool, 1).predict(pool)
    const xs = problem.table.knobs.find(({ name }) => name === 'x')!.values
    // b = 6 x on a full grid, so that no other knob takes part: mean 63 at x = 10.5, slope 6 / 1.001.
    pool.forEach((row, at) => {
      if (!Number.isNaN(predicted![at]))
        expect(predicted![at]).toBeCloseTo(63 + (6 * (xs[row]! - 10.5)) / 1.001, 9)
    })
    expect(predicted!.filter((time) => !Number.isNaN(time))).toHaveLength(24)
  })

  it('judged rows are never calibrated on, and their times on the target never read', () => {
    const target = device(0.5, 3, 't')
    const judge = target.filter((sample) => sample.knobs['x'] === 8)
    const spoiled = target.map((sample) =>
      sample.knobs['x'] === 8 ? { ...sample, stages: { a: 1e6, b: 1e6 } } : sample
    )
    const { problem, pool, judged } = assembleTransfer({ source: device(1, 1, 's'), target: spoiled, judge })
    expect(judged).toHaveLength(5)
    expect(pool).toHaveLength(25)
    const predicted = fitStageTransfer('blend', problem, pool.slice(0, 12), 1).predict(judged ?? pool)
    expect(
      transferErrors(predicted, problem.target, judged ?? pool, problem.table.stages).totalMape
    ).toBeLessThan(5)
  })

  it('configurations that the source did not measure are predicted from those that it did', () => {
    const source = device(1, 1, 's').filter((sample) => sample.knobs['x'] !== 4)
    const { problem, remarks } = assembleTransfer({ source, target: device(1, 1, 't') })
    expect(remarks.join(' ')).toMatch(/5 of 30 configurations were not measured on the source/)
    problem.target[0]?.forEach((time, row) =>
      expect(Math.abs((problem.source[0]?.[row] ?? 0) / time - 1)).toBeLessThan(0.1)
    )
  })

  it('repeated rows of a configuration become their geometric mean', () => {
    const one = device(1, 1, 's')
    const twice = [...one, ...device(4, 4, 's')]
    const { problem } = assembleTransfer({ source: twice, target: one })
    expect(problem.table.count).toBe(30)
    expect((problem.source[0]?.[0] ?? 0) / (problem.target[0]?.[0] ?? 1)).toBeCloseTo(2, 9)
  })

  it('errors are those computed by hand', () => {
    const measured = [Float64Array.of(1, 2), Float64Array.of(1, NaN)]
    const predicted = [Float64Array.of(1.1, 1), Float64Array.of(1, NaN)]
    const errors = transferErrors(predicted, measured, rowsOf(2), ['a', 'b'])
    expect(errors.totalMape).toBeCloseTo((5 + 50) / 2, 9)
    expect(errors.operatorMape).toBeCloseTo((10 + 50 + 0) / 3, 9)
    expect(errors.totalMaeMs).toBeCloseTo((0.1 + 1) / 2, 9)
    expect(errors.totalP95Ms).toBeCloseTo(0.1 + 0.95 * 0.9, 9)
    expect(errors.perOperator).toEqual({ a: expect.closeTo(30, 9), b: 0 })
  })

  it('a curve is the same for the same seeds and names its choice', () => {
    const assembled = assembleTransfer({ source: device(1, 1, 's'), target: device(0.5, 3, 't') })
    const options = { sizes: [8], seeds: 2, methods: ['none', 'logOffset', 'blend'] as const }
    const curve = stageTransferCurve(assembled, options)
    expect(stageTransferCurve(assembled, options)).toEqual(curve)
    expect(curve.points.map((point) => point.method)).toEqual(['none', 'logOffset', 'blend', 'auto'])
    const [, offset, , auto] = curve.points
    expect(offset?.totalMape).toBeLessThan(1e-6)
    expect(auto?.totalMape).toBeLessThan(0.5)
    expect(chooseStageTransfer(assembled.problem, assembled.pool.slice(0, 5), 1).method).toBe('logOffset')
  })

  it('asks for enough configurations and for common stages', () => {
    const assembled = assembleTransfer({ source: device(1, 1, 's'), target: device(1, 1, 't') })
    expect(() => stageTransferCurve(assembled, { sizes: [30], seeds: 1 })).toThrow(/30 configurations/)
    const other = device(1, 1, 't').map((sample) => ({ ...sample, stages: { c: 1 } }))
    expect(() => assembleTransfer({ source: device(1, 1, 's'), target: other })).toThrow(/no stage in common/)
  })

  it('knows GPUs inside longer names, the longest first', () => {
    const found = (name: string) => {
      const { multiprocessors, memoryGbPerSecond } = deviceFactsOf(name)!
      return [multiprocessors, memoryGbPerSecond]
    }
    expect(found('NVIDIA H100 PCIe')).toEqual([114, 2000])
    expect(found('h100_judge')).toEqual([132, 3350])
    expect(found('NVIDIA H100 NVL')).toEqual([132, 3900])
    expect(found('max_batch-d-A40-b.csv')).toEqual([84, 696])
    expect(found('A40.csv')).toEqual([84, 696])
    // Names as CUDA gives them; rates of NVIDIA's data sheet 1758950.
    expect(found('NVIDIA A100-SXM4-40GB')).toEqual([108, 1555])
    expect(found('NVIDIA A100-PCIE-40GB')).toEqual([108, 1555])
    expect(found('NVIDIA A100 80GB PCIe')).toEqual([108, 1935])
    expect(found('NVIDIA A100-SXM4-80GB')).toEqual([108, 2039])
    expect(deviceFactsOf('NVIDIA A100-SXM4-80GB')!.assumed).toBeNull()
    expect(deviceFactsOf('NVIDIA GeForce RTX 3090 Ti')).toBeNull()
    expect(deviceFactsOf('NVIDIA GeForce RTX 4090 Laptop GPU')).toBeNull()
    expect(deviceFactsOf('NVIDIA A100-SXM4-40GB MIG 1g.5gb')).toBeNull()
    expect(deviceFactsOf('a4000')).toBeNull()
  })
})
