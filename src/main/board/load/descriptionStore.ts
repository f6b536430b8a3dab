import {
  type BoardDescription,
  boardDescriptionSchema
} from '../../../shared/contract/board/boardDescription'
import { parseJson } from '../../store/recordTable'
import type { Store } from '../../store/store'

/** Descriptions that are kept with boards. */
export interface DescriptionStore {
  /** Null where none is kept, or its row no longer fits. */
  get(boardId: string): Promise<BoardDescription | null>
  save(boardId: string, description: BoardDescription): Promise<void>
  forget(boardId: string): Promise<void>
}

/** Step of boardMigrations. */
export const descriptionTable = `CREATE TABLE board_descriptions (
   board_id VARCHAR PRIMARY KEY,
   description VARCHAR NOT NULL
 )`

/** Returns the descriptions in a data file. */
export function createDescriptionStore(store: Pick<Store, 'run' | 'all'>): DescriptionStore {
  return {
    async get(boardId) {
      const [row] = await store.all<{ description: string }>(
        'SELECT description FROM board_descriptions WHERE board_id = $1',
        [boardId]
      )
      return row === undefined ? null : parseJson(row.description, boardDescriptionSchema).value
    },
    save: (boardId, description) =>
      store.run('INSERT OR REPLACE INTO board_descriptions (board_id, description) VALUES ($1, $2)', [
        boardId,
        JSON.stringify(description)
      ]),
    forget: (boardId) => store.run('DELETE FROM board_descriptions WHERE board_id = $1', [boardId])
  }
}
