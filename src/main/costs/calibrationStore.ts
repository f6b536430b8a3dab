import type { z } from 'zod'
import { calibrationSchema, type NetworkCalibration } from '../../shared/contract/proxy/proxyCalibration'
import { parseJson } from '../store/recordTable'
import { rowColumns, type UnreadableRow } from '../store/rowColumns'
import type { Store } from '../store/store'

const { fewest, most } = calibrationSchema.shape
/** A stored calibration. */
export const measuredCalibrationSchema = calibrationSchema.omit({ line: true }).extend({
  fewest: fewest.omit({ predicted: true }),
  most: most.omit({ predicted: true })
})

/** What was measured; what is predicted of it changes with the proxies and is not kept. */
export type MeasuredCalibration = z.infer<typeof measuredCalibrationSchema>

/** A row that cannot be read; removed like any other. */
type UnreadableCalibration = UnreadableRow & Pick<MeasuredCalibration, 'boardId' | 'modelId'>

const calibrationColumns = rowColumns<MeasuredCalibration>('proxy_calibration', [
  { name: 'board_id', of: ({ boardId }) => boardId },
  { name: 'model_id', of: ({ modelId }) => modelId },
  { name: 'measured_at_ms', of: ({ measuredAtMs }) => measuredAtMs },
  { name: 'calibration', of: (calibration) => JSON.stringify(calibration) }
])

/** The newest two-point calibration of every network on every board; the table is one of the proxy tables. */
export interface CalibrationStore {
  save(calibration: MeasuredCalibration): Promise<void>
  /** Newest first; rows that no longer fit are listed with their problem. */
  list(): Promise<{ calibrations: MeasuredCalibration[]; unreadable: UnreadableCalibration[] }>
  /**
   * The measured points of a network on a board, for costs in this unit; null where there are none, or where they were
   * measured with another firmware than `buildId` (null: unknown, the board is not connected), or cannot be read.
   */
  points(
    boardId: string,
    modelId: string,
    unit: NetworkCalibration['unit'],
    buildId: number | null
  ): Promise<{ fewest: number; most: number } | null>
  remove(boardId: string, modelId: string): Promise<void>
}

/** Returns the calibrations of a data file. */
export function createCalibrationStore(store: Pick<Store, 'run' | 'all'>): CalibrationStore {
  return {
    save: (calibration) => store.run(calibrationColumns.replace, calibrationColumns.parameters(calibration)),
    async list() {
      const rows = await store.all<{ board_id: string; model_id: string; calibration: string }>(
        `SELECT ${calibrationColumns.select} FROM proxy_calibration ORDER BY measured_at_ms DESC`
      )
      const calibrations: MeasuredCalibration[] = []
      const unreadable: UnreadableCalibration[] = []
      for (const { board_id: boardId, model_id: modelId, calibration } of rows) {
        const { value, problem } = parseJson(calibration, measuredCalibrationSchema)
        if (problem === null) calibrations.push(value)
        else unreadable.push({ id: `${modelId} on ${boardId}`, boardId, modelId, problem })
      }
      return { calibrations, unreadable }
    },
    async points(boardId, modelId, unit, buildId) {
      const [row] = await store.all<{ calibration: string }>(
        'SELECT calibration FROM proxy_calibration WHERE board_id = $1 AND model_id = $2',
        [boardId, modelId]
      )
      const found = row === undefined ? null : parseJson(row.calibration, measuredCalibrationSchema).value
      if (found === null || found.unit !== unit) return null
      if (buildId !== null && buildId !== found.buildId) return null
      return { fewest: found.fewest.measured, most: found.most.measured }
    },
    remove: (boardId, modelId) =>
      store.run('DELETE FROM proxy_calibration WHERE board_id = $1 AND model_id = $2', [boardId, modelId])
  }
}
