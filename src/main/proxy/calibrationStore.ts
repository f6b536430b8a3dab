import type { Calibration } from '../../shared/contract/proxyCalibration'
import type { ProxySql } from './proxyStore'

/** What was measured; what is predicted of it changes with the proxies and is not kept. */
export type MeasuredCalibration = Omit<Calibration, 'fewest' | 'most' | 'line'> & {
  fewest: { bits: Calibration['fewest']['bits']; measured: number }
  most: { bits: Calibration['most']['bits']; measured: number }
}

/** The newest two-point calibration of every network on every board. */
export interface CalibrationStore {
  save(calibration: MeasuredCalibration): Promise<void>
  list(): Promise<MeasuredCalibration[]>
  get(boardId: string, modelId: string): Promise<MeasuredCalibration | null>
  remove(boardId: string, modelId: string): Promise<void>
}

export const calibrationTables = `CREATE TABLE proxy_calibration (
  board_id VARCHAR NOT NULL, model_id VARCHAR NOT NULL, measured_at_ms DOUBLE NOT NULL, calibration VARCHAR NOT NULL,
  PRIMARY KEY (board_id, model_id)
);`

export function createCalibrationStore(store: ProxySql): CalibrationStore {
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
    async get(boardId, modelId) {
      const [row] = await store.all<{ calibration: string }>(
        'SELECT calibration FROM proxy_calibration WHERE board_id = $1 AND model_id = $2',
        [boardId, modelId]
      )
      return row === undefined ? null : read(row)
    },
    remove: (boardId, modelId) =>
      store.run('DELETE FROM proxy_calibration WHERE board_id = $1 AND model_id = $2', [boardId, modelId])
  }
}
