import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { bitFusionMatches } from '@core/proxy/csv/bitfusionMatch'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { matmulAxes } from '@core/proxy/csv/matmulAxes'
import { bitFusionCycles, bitFusionDefaults } from '@core/accelerator/bitfusion'

const layer = {
  outputHeight: 8,
  outputWidth: 8,
  window: 3,
  inputChannels: 32,
  outputChannels: 64,
  activationBits: 8,
  weightBits: 8
}

describe('BitFusion analytic model', () => {
  it('with everything in SRAM and no port limit costs compute alone plus one load and drain', () => {
    const hardware = {
      ...bitFusionDefaults,
      activationSramBytes: 1e9,
      weightSramBytes: 1e9,
      outputSramBytes: 1e9,
      dramBitsPerCycle: 1e15
    }
    // batch 16 x 64 positions x 2 column passes x 18 steps, one cycle each for load and drain.
    expect(bitFusionCycles(layer, hardware)).toBe(16 * 64 * 2 * 18 + 2)
  })

  it('narrower operands share a unit, and 3 bits take the room of 4', () => {
    const at = (activationBits: number, weightBits: number) =>
      bitFusionCycles({ ...layer, activationBits, weightBits })
    expect(at(4, 4)).toBeLessThan(at(8, 8))
    expect(at(8, 8)).toBe(at(8, 8))
    expect(at(2, 2)).toBeLessThan(at(4, 4))
    expect(at(3, 3)).toBeGreaterThanOrEqual(at(2, 2))
  })

  it('refuses widths the array cannot hold and layers no tile of which fits', () => {
    expect(() => bitFusionCycles({ ...layer, activationBits: 16 })).toThrow('up to 8 bits')
    expect(() => bitFusionCycles(layer, { ...bitFusionDefaults, weightSramBytes: 8 })).toThrow(
      'fits into the SRAMs'
    )
  })

  const folder = path.resolve(import.meta.dirname, '../../../../../shared/data/kernel-profiles')
  const has = existsSync(folder)
  if (!has) console.warn(`SKIPPED: the published BitFusion tables are not at ${folder}`)
  it.skipIf(!has)('reproduces both published tables row by row', () => {
    const read = (kernel: 'matmul' | 'conv2d') => {
      const fileName = `bitfusion_${kernel}_zoo.csv`
      return readProfileCsv(readFileSync(path.join(folder, fileName), 'utf8'), { kernel, fileName }).samples
    }
    const matmul = matmulAxes(read('matmul'), 'bitfusion_matmul_zoo.csv')
    expect(matmul.remarks.join()).toContain('swapped')
    expect(bitFusionMatches(matmul.samples)).toEqual({ exact: 343, rows: 343 })
    expect(bitFusionMatches(read('conv2d'))).toEqual({ exact: 2401, rows: 2401 })
  })

  it('leaves tables of other devices alone', () => {
    const other = readProfileCsv('N,M,K,QA,QW,Time\n1,10,32,8,8,2609\n1,10,32,4,4,2369\n', {
      kernel: 'matmul',
      fileName: 'a.csv'
    })
    expect(matmulAxes(other.samples, 'a.csv').remarks).toEqual([])
    expect(bitFusionMatches(other.samples)).toBeNull()
  })
})
