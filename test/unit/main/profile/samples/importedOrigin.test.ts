import { describe, expect, it } from 'vitest'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { csvToSamples } from '@main/profile/samples/sampleCsv'
import type { Sample } from '@shared/contract/profile'

/** Samples of a file with these cells of Origin (null: without the column), by an order that names an origin or none. */
function read(cells: readonly string[] | null, origin: Sample['origin'] | null): Sample['origin'][] {
  const head = `N,M,K,QA,QW,Time${cells === null ? '' : ',Origin'}`
  const rows = (cells ?? ['', '']).map(
    (cell, row) => `1,2,${row + 3},8,8,${99 + row}${cells === null ? '' : `,${cell}`}`
  )
  const { samples } = readProfileCsv([head, ...rows].join('\n'), {
    kernel: 'matmul',
    fileName: 'a.csv',
    unit: 'cycles'
  })
  const batches = csvToSamples(samples, {
    ...{ fileName: 'a.csv', kernel: 'matmul', boardName: 'b', campaignId: 'c', origin },
    ...{ newId: () => 'id', nowMs: 1 }
  })
  return [...batches].flat().map((sample) => sample.origin)
}

describe('the origin of imported Samples', () => {
  it('is what the file says, in any case of letters, and measured where it says nothing', () => {
    expect(read(['simulated', 'Estimated'], null)).toEqual(['simulated', 'estimated'])
    expect(read(['', 'simulated'], null)).toEqual(['measured', 'simulated'])
    expect(read(null, null)).toEqual(['measured', 'measured'])
  })

  it('is the one that was named', () => {
    expect(read(['simulated', 'measured'], 'estimated')).toEqual(['estimated', 'estimated'])
  })

  it('is refused where it is none', () => {
    expect(() => read(['measured', 'guessed'], null)).toThrow(
      expect.objectContaining({ code: 'data.invalid', message: 'a.csv, row 2: Origin cannot be "guessed".' })
    )
  })
})
