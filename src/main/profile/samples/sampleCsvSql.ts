import { kernelSpec, rowSpec } from '../../../core/kernel/spec'
import type { SampleUnit, ProxyKernelName } from '../../../shared/vocabulary'
import { sampleFields } from './sampleColumns'

/** dims[i] of the table, in wire order from 1 on. */
const dim = (place: number): string => `s.dims[${place}]`
const padded = (place: number, pad: number): string => `${dim(place)} + 2 * ${dim(pad)}`

/** What rowSpec(kernel).toColumns does, in SQL; a test holds the two together. */
const columnsOf: Readonly<Record<ProxyKernelName, readonly string[]>> = {
  matmul: [dim(1), dim(2), dim(3)],
  conv2d: [padded(1, 7), padded(2, 7), dim(3), dim(4), dim(5), dim(6)],
  depthwiseConv2d: [padded(1, 6), padded(2, 6), dim(3), dim(4), dim(5)],
  maxPool: [dim(3), dim(1), dim(2), dim(4), dim(5)],
  avgPool: [dim(3), dim(1), dim(2), dim(4), dim(5)],
  add: [dim(1)],
  requantize: [`${dim(1)} * ${dim(2)}`],
  product: [dim(1), dim(2), dim(3)],
  softmax: [dim(1), dim(2)],
  layerNorm: [dim(1), dim(2)],
  rmsNorm: [dim(1), dim(2)],
  table: [dim(1)],
  gather: [dim(1)],
  rope: [dim(1), dim(2)],
  rnn: [dim(1), dim(2)],
  lstm: [dim(1), dim(2)],
  gru: [dim(1), dim(2)],
  gruAfter: [dim(1), dim(2)]
}

/** The columns of a kernel's shape in profile files, as SQL on `profile_sample s`; in the order of rowSpec. */
export function columnsOfDims(kernel: ProxyKernelName): readonly string[] {
  return columnsOf[kernel]
}

/**
 * The SELECT of a profile CSV of one kernel in one unit, column for column what writeCsv gives for the same Samples.
 * `where`: the condition on `profile_sample s`.
 */
export function sampleCsvSql(kernel: ProxyKernelName, unit: SampleUnit, where: string): string {
  const { columns } = rowSpec(kernel)
  const parts = columns.map(({ name }, index) => `${columnsOf[kernel][index]} AS "${name}"`)
  if (kernelSpec(kernel).hasWeights) parts.push('s.activation_bits AS "QA"', 's.weight_bits AS "QW"')
  parts.push(`${numberText('s.time')} AS "Time"`)
  if (unit !== 'cycles') parts.push(`s.unit AS "Unit"`)
  for (const { field, column, csv } of sampleFields) {
    if (csv !== undefined) parts.push(`${provenanceText(field, `s.${column}`)} AS "${csv}"`)
  }
  return `SELECT ${parts.join(', ')} FROM profile_sample s ${where}`
}

const doubleFields = ['instructions', 'cycles', 'clockHz']
const wholeFields = ['buildId', 'repetitions', 'seed', 'checksum']

function provenanceText(field: string, column: string): string {
  if (field === 'measuredAtMs') return `strftime(epoch_ms(floor(${column})::BIGINT), '%Y-%m-%dT%H:%M:%S.%gZ')`
  if (doubleFields.includes(field)) return numberText(column)
  if (wholeFields.includes(field)) return column
  // Quotes become apostrophes and line ends spaces, as writeCsv has it; DuckDB quotes what holds a comma. The pattern is
  // searched only where there is a line end: it takes a sixth of an export otherwise.
  const plain = `replace(${column}, '"', '''')`
  return `CASE WHEN contains(${column}, chr(10)) OR contains(${column}, chr(13))
    THEN regexp_replace(${plain}, '[\\r\\n]+', ' ', 'g') ELSE ${plain} END`
}

/** A DOUBLE as JavaScript prints it: whole numbers without a point. */
function numberText(column: string): string {
  return `CASE WHEN ${column} = floor(${column}) AND abs(${column}) < 1e15 THEN ${column}::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`
}
