import { kernelSpec, rowSpec } from '../../kernel/spec'
import type { SampleTable } from '../samples'

/** The profile CSV of a set of samples; what readCsv reads back to the same columns. Labels follow Time. */
export function writeCsv(samples: SampleTable): string {
  const { columns } = rowSpec(samples.kernel)
  const { hasWeights } = kernelSpec(samples.kernel)
  const labels = Object.entries(samples.labels ?? {}).filter(([name]) => name !== 'Unit')
  const names = [
    ...columns.map((column) => column.name),
    ...(hasWeights ? ['QA', 'QW'] : []),
    'Time',
    ...(samples.unit === 'cycles' && samples.labels?.['Unit'] === undefined ? [] : ['Unit']),
    ...labels.map(([name]) => name)
  ]
  const lines = [names.join(',')]
  for (let row = 0; row < samples.count; row++) {
    const cells: (string | number)[] = samples.dims.map((column) => column[row])
    if (hasWeights) cells.push(samples.activationBits[row], samples.weightBits[row])
    cells.push(samples.time[row])
    if (names.includes('Unit')) cells.push(samples.unit)
    for (const [, values] of labels) cells.push(quoted(values[row]))
    lines.push(cells.join(','))
  }
  return `${lines.join('\n')}\n`
}

/** Commas, quotes and line ends in a label would break the row. */
function quoted(text: string): string {
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', "'").replaceAll(/[\r\n]+/g, ' ')}"` : text
}
