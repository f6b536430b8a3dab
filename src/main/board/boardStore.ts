import { type PortSettings, portSettingsSchema } from '../../shared/contract/board'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import { rowColumns } from '../store/rowColumns'
import type { Store } from '../store/store'
import { descriptionTable } from './load/descriptionStore'
import { twinTable } from './twins/twinStore'

const boardColumns = rowColumns<{ board: SavedBoard; atMs: number }>('board_saved', [
  { name: 'id', of: ({ board }) => board.id },
  { name: 'name', of: ({ board }) => board.name },
  { name: 'settings', of: ({ board }) => JSON.stringify(board.settings) },
  { name: 'serial_number', of: ({ board }) => board.serialNumber },
  { name: 'interface_number', of: ({ board }) => board.interfaceNumber },
  { name: 'saved_at_ms', of: ({ atMs }) => atMs }
])

/** Boards the user named, added by path, or gave settings: kept in the data file. */
export const boardMigrations: NounMigrations = {
  noun: 'board',
  steps: [
    `CREATE TABLE board_saved (
       id VARCHAR PRIMARY KEY,
       name VARCHAR,
       settings VARCHAR NOT NULL,
       serial_number VARCHAR,
       saved_at_ms DOUBLE NOT NULL
     )`,
    // Which of several ports that share one serial number.
    'ALTER TABLE board_saved ADD COLUMN interface_number VARCHAR',
    twinTable,
    descriptionTable
  ]
}

/** A board that the user saved. */
export interface SavedBoard {
  id: string
  name: string | null
  settings: PortSettings
  /** USB serial number seen at the last connection, by which a moved port is found again. */
  serialNumber: string | null
  /** Which of the ports with that number, where a chip brings several. */
  interfaceNumber: string | null
}

/** Saved boards in the data file. */
export interface BoardStore {
  all(): Promise<SavedBoard[]>
  save(board: SavedBoard, atMs: number): Promise<void>
  forget(id: string): Promise<void>
}

/** Returns the saved boards of a data file. */
export function createBoardStore(store: Store): BoardStore {
  return {
    async all() {
      const rows = await store.all<{
        id: string
        name: string | null
        settings: string
        serial_number: string | null
        interface_number: string | null
      }>(`SELECT ${boardColumns.select} FROM board_saved ORDER BY id`)
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        settings: parseJson(row.settings, portSettingsSchema).value ?? portSettingsSchema.parse({}),
        serialNumber: row.serial_number,
        interfaceNumber: row.interface_number
      }))
    },
    save: (board, atMs) => store.run(boardColumns.replace, boardColumns.parameters({ board, atMs })),
    forget: (id) => store.run('DELETE FROM board_saved WHERE id = $1', [id])
  }
}
