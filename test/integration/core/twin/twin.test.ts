import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TwinRow } from '@core/twin/fittedTwin'
import { fitTwin, predictTwin, twinErrors } from '@core/twin/fitTwin'
import { KernelCounter } from '@core/twin/kernelEvents'
import { benchOf, rowMacs, type KernelRow } from '@core/twin/kernelRows'
import { makeTwin } from '@core/twin/makeTwin'
import { MonitorMachine, type TwinFirmware } from '@core/twin/monitorMachine'
import { memoryShapes, termsOf, type TwinStructure } from '@core/twin/structure'
import { codeForms, twinCycleModel, twinMachine } from '@core/twin/twinMachine'
import { createRandom } from '@core/math/random'
import { resourcePath } from '@main/paths'

const built = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(resourcePath('firmware', 'build', name)))
const firmware: TwinFirmware = {
  litexImage: built('monitor-litex.bin'),
  monitorElf: built('monitor.elf')
}
const bits = [8, 4, 2, 1] as const
const rows = ['4x8x32', '1x16x64'].flatMap((shape) =>
  bits.flatMap((activationBits) =>
    bits.map((weightBits) => ({ kernel: 'matmul' as const, shape, activationBits, weightBits }))
  )
)
const quiet = async (): Promise<void> => undefined

/** Cycles that differ from term to term, so that no two can be taken for each other. */
function someCycles(structure: TwinStructure, seed: number): Record<string, number> {
  const random = createRandom(seed)
  return Object.fromEntries(termsOf(structure).map(({ name }) => [name, 1 + random.integer(9)]))
}

describe.each(codeForms)('counted events, %s', (form) => {
  it.each<TwinStructure>([
    { family: 'multicycle', memory: 'no caches', shifter: 'step4' },
    { family: 'pipeline', memory: '4 KiB, 1 way, 8 KiB second level', shifter: 'step1' },
    { family: 'pipeline', memory: '16 KiB, 4 ways, write-back', shifter: 'barrel' }
  ])('cost under any cycle model what the simulator takes: $memory, $shifter', (structure) => {
    const counter = new KernelCounter(firmware, form, memoryShapes)
    const cycles = someCycles(structure, 7)
    const machine = twinMachine(
      { name: 'test', coreName: 'test', clockHz: null },
      twinCycleModel({ structure, cycles }),
      form
    )
    const monitor = new MonitorMachine(machine, firmware)
    for (const row of [rows[0], rows[5], rows[18], rows[31]]) {
      const bench = benchOf(row)
      const events = counter.count(bench)
      const { cycles: taken, instructions } = monitor.bench({ ...bench, repetitions: 2 })
      const predicted = predictTwin({ structure, cycles, expectedError: 0 }, { events, macs: 1 })
      // The monitor reads its counters of cycles just outside those of instructions: a few instructions more.
      expect(Math.abs(events.instructions - instructions[1])).toBeLessThanOrEqual(8)
      expect(Math.abs(predicted - taken[1]) / taken[1]).toBeLessThan(0.02)
    }
  })
})

describe('fitting', () => {
  let counted: Omit<TwinRow, 'cyclesPerMac'>[]
  beforeAll(() => {
    const counter = new KernelCounter(firmware, 'rv32im', memoryShapes)
    counted = rows.map((row) => ({ events: counter.count(benchOf(row)), macs: rowMacs(row) }))
  })

  it('finds a PicoRV32 with one wait state and a slow multiplier, and predicts the rows it has not seen', () => {
    const structure = { family: 'multicycle', memory: 'no caches', shifter: 'barrel' } as const
    const cycles = {
      ...{
        alu: 3,
        shift: 3,
        multiply: 40,
        divide: 40,
        load: 5,
        store: 5,
        branch: 3,
        jump: 3,
        jumpRegister: 6
      },
      ...{ memoryWait: 1, forwardTaken: 2, backwardTaken: 2 }
    }
    const all = counted.map((row) => ({
      ...row,
      cyclesPerMac: predictTwin({ structure, cycles, expectedError: 0 }, row)
    }))
    const twin = fitTwin(all.slice(0, 16), 1)
    expect(twin.structure).toEqual(structure)
    expect(twin.cycles).toMatchObject({ alu: 3, multiply: 40, load: 5, memoryWait: 1 })
    expect(twinErrors(twin, all.slice(16)).mean).toBeLessThan(0.005)
  })

  it('predicts rows with one percent of noise that no structure explains', () => {
    const structure = { family: 'pipeline', memory: '4 KiB, 1 way', shifter: 'barrel' } as const
    const cycles = { ...someCycles(structure, 3), alu: 1, shift: 1, branch: 1, load: 1 }
    const random = createRandom(5)
    const all = counted.map((row) => ({
      ...row,
      cyclesPerMac: predictTwin({ structure, cycles, expectedError: 0 }, row) * (1 + 0.01 * random.normal())
    }))
    const seen = all.filter((_, index) => index % 2 === 0)
    const unseen = all.filter((_, index) => index % 2 === 1)
    expect(twinErrors(fitTwin(seen, 1), unseen).mean).toBeLessThan(0.05)
  })

  it('gives the same twin for the same seed', () => {
    const all = counted.map((row, index) => ({ ...row, cyclesPerMac: 3 + (index % 5) }))
    expect(fitTwin(all, 9)).toEqual(fitTwin(all, 9))
  })
})

describe('making a twin', () => {
  const measured = rows.slice(0, 8).map((row, index): KernelRow => ({ ...row, cyclesPerMac: 5 + index }))

  it('judges on rows of the judge that it has not seen, and says when there are none', async () => {
    const request = { rows: measured, seed: 1, form: 'rv32im' as const }
    const other = await makeTwin(
      firmware,
      { ...request, judge: [measured[0], { ...rows[9], cyclesPerMac: 4 }] },
      quiet
    )
    expect(other).toMatchObject({ fitRows: 8, heldOutRows: 1, otherCodeRows: 0 })
    expect(other.heldOut!.mean).toBe(other.heldOut!.max)
    const same = await makeTwin(firmware, { ...request, judge: measured }, quiet)
    expect(same).toMatchObject({ heldOut: null, heldOutRows: 0 })
  })

  it('counts rows that were measured with other code', async () => {
    const macs = rowMacs(measured[0])
    const odd = measured.map((row, index) => ({ ...row, instructionsPerMac: index === 0 ? macs : null }))
    const made = await makeTwin(firmware, { rows: odd, judge: null, seed: 1, form: 'rv32im' }, quiet)
    expect(made.otherCodeRows).toBe(1)
    expect(made.heldOutRows).toBe(4)
  })

  it.each<[string, KernelRow[], string]>([
    ['too few rows', measured.slice(0, 7), '7 rows are too few'],
    ['the same row many times', Array.from({ length: 9 }, () => measured[0]), '1 row is too few'],
    ['rows without cycles', measured.map((row) => ({ ...row, cyclesPerMac: null })), 'has no cycles'],
    ['a shape that is none', [{ ...measured[0], shape: '4x8' }, ...measured], '"4x8" is not the shape']
  ])('refuses %s', async (_name, given, message) => {
    await expect(
      makeTwin(firmware, { rows: given, judge: null, seed: 1, form: null }, quiet)
    ).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining(message) as string
    })
  })
})
