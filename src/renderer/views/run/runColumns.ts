import type { Run } from '@shared/contract/run'
import { unavailable } from '@shared/units'
import { dateColumn, type TableColumn } from '../../components/table/tableColumn'
import { headText } from './runTexts'

/**
 * Columns of a list of stored runs.
 * @param boardName name of a board by its id
 * @param further columns behind that of the data set
 */
export function runColumns(
  boardName: (id: string) => string,
  further: readonly TableColumn<Run>[] = []
): TableColumn<Run>[] {
  return [
    { title: 'Run', text: headText, grow: true },
    { title: 'Kind', text: ({ kind }) => kind, width: '96px' },
    { title: 'Network', text: ({ model }) => model ?? unavailable, width: '112px' },
    {
      title: 'Board or GPU',
      text: ({ board }) => (board === null ? unavailable : boardName(board)),
      width: '140px'
    },
    { title: 'Data set', hidden: true, text: ({ dataSet }) => dataSet ?? unavailable },
    ...further,
    { title: 'State', text: ({ state }) => state, width: '92px' },
    dateColumn('Started', ({ startedAtMs }) => startedAtMs)
  ]
}
