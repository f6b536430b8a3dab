import { kernelSpec, rowSpec } from '../../../core/kernel/spec'
import { noBits, type SampleTable } from '../../../core/proxy/samples'
import type { ProxyKernelName, Quantity, SampleUnit } from '../../../shared/vocabulary'
import type { SqlValue, Store } from '../../store/store'
import { ofQuantity } from './sampleColumns'
import { columnsOfDims } from './sampleCsvSql'

/**
 * What was measured of a quantity of a kernel on a board with its newest firmware, as columns: hundreds of thousands of rows without an
 * object each, read beside other statements. An older firmware has other kernels; its times say nothing about the present.
 *
 * @returns null when nothing was measured
 */
export async function readFitSamples(
  store: Pick<Store, 'columns' | 'read' | 'texts'>,
  boardId: string,
  kernel: ProxyKernelName,
  quantity: Quantity
): Promise<SampleTable | null> {
  const [newest] = await store.read<{ build_id: number | null; unit: SampleUnit }>(
    `SELECT build_id, unit FROM profile_sample WHERE board_id = $1 AND kernel = $2 AND ${ofQuantity(quantity)}
     ORDER BY measured_at_ms DESC, rowid DESC LIMIT 1`,
    [boardId, kernel]
  )
  if (newest === undefined) return null
  const from = `FROM profile_sample s WHERE s.board_id = $1 AND s.kernel = $2 AND s.unit = $3
    AND s.build_id IS NOT DISTINCT FROM $4::UBIGINT ORDER BY s.measured_at_ms, s.id`
  const params: SqlValue[] = [boardId, kernel, newest.unit, newest.build_id]
  const sizes = columnsOfDims(kernel).map((sql) => `(${sql})::DOUBLE`)
  const columns = await store.columns(
    `SELECT s.activation_bits::DOUBLE, s.weight_bits::DOUBLE, s.time, ${sizes.join(', ')} ${from}`,
    params
  )
  const ids = await store.texts(`SELECT s.id ${from}`, params)
  return toSamples(kernel, newest.unit, columns, ids)
}

function toSamples(
  kernel: ProxyKernelName,
  unit: SampleUnit,
  [activationBits, weightBits, time, ...dims]: Float64Array[],
  ids: readonly string[]
): SampleTable {
  // What is measured between the two reads is in the second one only; rows are added at the end.
  const count = Math.min(time.length, ids.length)
  const bits = (column: Float64Array): Float64Array =>
    kernelSpec(kernel).hasWeights ? column.subarray(0, count) : new Float64Array(count).fill(noBits)
  return {
    kernel,
    count,
    unit,
    dims: rowSpec(kernel).columns.map((_, at) => dims[at].subarray(0, count)),
    activationBits: bits(activationBits),
    weightBits: bits(weightBits),
    time: time.subarray(0, count),
    labels: { SampleId: ids.slice(0, count) }
  }
}
