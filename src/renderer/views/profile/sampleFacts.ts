import type { Sample } from '@shared/contract/profile'
import { formatHex, formatHex32 } from '@shared/units'
import type { Fact } from '../../components/facts/FactList.vue'

/** A Sample with its whole provenance. */
export function sampleFacts(sample: Sample): Fact[] {
  const number = (value: number | null): string | null => (value === null ? null : value.toLocaleString('en'))
  return [
    { name: 'Sample', value: sample.id, code: true },
    { name: 'Board', value: `${sample.boardName} (${sample.boardId})` },
    { name: 'Core and ISA', value: `${sample.coreName}, ${sample.isa}` },
    {
      name: 'Firmware',
      value: sample.buildId === null ? null : formatHex(sample.buildId),
      code: true
    },
    { name: 'Method', value: sample.method, origin: sample.origin },
    {
      name: sample.unit === 'nJ' ? 'Mean and its 95 % interval, nJ' : 'Median, least, most',
      value: [sample.time, sample.timeMin, sample.timeMax].map(number).join(', ')
    },
    { name: 'Cycles', value: number(sample.cycles) },
    { name: 'Instructions', value: number(sample.instructions) },
    { name: 'Repetitions and seed', value: `${sample.repetitions}, ${sample.seed}` },
    {
      name: 'Output checksum',
      value: sample.checksum === null ? null : formatHex32(sample.checksum),
      code: true
    },
    { name: 'Measured', value: new Date(sample.measuredAtMs).toLocaleString() }
  ]
}
