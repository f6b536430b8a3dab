import { expect, it } from 'vitest'
import { runText } from '@main/cli/workload/workloadText'
import { sampleWorkload } from '../../../e2e/support/sampleWorkload'

it('writes throughputs in full, not in powers of ten', () => {
  const [row] = sampleWorkload.tables.benchmark
  const throughputPerS = {
    ...row!.throughputPerS,
    value: 5214.4,
    low: 4900,
    high: 5600,
    verdict: 'VALID' as const
  }
  const tables = { ...sampleWorkload.tables, benchmark: [{ ...row!, throughputPerS }] }
  expect(runText({ ...sampleWorkload, tables })).toContain(' 5214 [4900, 5600] samples/s,')
})
