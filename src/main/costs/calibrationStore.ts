import type { NetworkCalibration } from '../../shared/contract/proxyCalibration'
import type { Store } from '../store/store'

/** What was measured; what is predicted of it changes with the proxies and is not kept. */
export type MeasuredCalibration = Omit<NetworkCalibration, 'fewest' | 'most' | 'line'> & {
  fewest: { bits: NetworkCalibration['fewest']['bits']; measured: number }
  most: { bits: NetworkCalibration['most']['bits']; measured: number }
}

/** The newest two-point calibration of every network on every board; the table is one of the proxy tables. */
export interface CalibrationStore {
  save(calibration: MeasuredCalibration): Promise<void>
  list(): Promise<MeasuredCalibration[]>
  /**
   * The measured points of a network on a board, for costs in this unit; null where there are none, or where they were
   * measured with another firmware than `buildId` (null: unknown, the board is not connected).
   */
  points(
    boardId: string,
    modelId: string,
    unit: NetworkCalibration['unit'],
    buildId: number | null
  ): Promise<{ fewest: number; most: number } | null>
  remove(boardId: string, modelId: string): Promise<void>
}

export function createCalibrationStore(store: Pick<Store, 'run' | 'all'>): CalibrationStore {
  const read = (row: { calibration: string }): MeasuredCalibration =>
    JSON.parse(row.calibration) as MeasuredCalibration
  return {
    save: (calibration) =>
      store.run('INSERT OR REPLACE INTO proxy_calibration VALUES ($1, $2, $3, $4)', [
        calibration.boardId,
        calibration.modelId,
        calibration.measuredAtMs,
        JSON.stringify(calibration)
      ]),
    list: async () =>
      (
        await store.all<{ calibration: string }>(
          'SELECT calibration FROM proxy_calibration ORDER BY measured_at_ms DESC'
        )
      ).map(read),
    async points(boardId, modelId, unit, buildId) {
      const [row] = await store.all<{ calibration: string }>(
        'SELECT calibration FROM proxy_calibration WHERE board_id = $1 AND model_id = $2',
        [boardId, modelId]
      )
      const found = row === undefined ? null : read(row)
      if (found === null || found.unit !== unit) return null
      if (buildId !== null && buildId !== found.buildId) return null
      return { fewest: found.fewest.measured, most: found.most.measured }
    },
    remove: (boardId, modelId) =>
      store.run('DELETE FROM proxy_calibration WHERE board_id = $1 AND model_id = $2', [boardId, modelId])
  }
}
