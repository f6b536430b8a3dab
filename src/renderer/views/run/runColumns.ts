import type { ComparedRun } from '../../stores/comparedRun'
import { unavailable } from '@shared/units'
import { dateColumn, type TableColumn } from '../../components/table/tableColumn'
import { headText, noteOf } from './runTexts'

/**
 * Columns of a list of stored runs. What a run is about stands below its name, so that both can be read in a narrow window.
 * @param boardName name of a board by its id
 * @param further columns behind that of the data set
 */
export function runColumns<R extends ComparedRun>(
  boardName: (id: string) => string,
  further: readonly TableColumn<R>[] = []
): TableColumn<R>[] {
  return [
    {
      title: 'Run',
      text: headText,
      note: ({ model, board }) => noteOf(model, board === null ? null : boardName(board)),
      grow: true
    },
    { title: 'Kind', text: ({ kind }) => kind, width: '96px' },
    { title: 'Network', hidden: true, text: ({ model }) => model ?? unavailable },
    {
      title: 'Board or GPU',
      hidden: true,
      text: ({ board }) => (board === null ? unavailable : boardName(board))
    },
    { title: 'Data set', hidden: true, text: ({ dataSet }) => dataSet ?? unavailable },
    ...further,
    { title: 'State', text: ({ state }) => state, width: '92px' },
    dateColumn('Started', ({ startedAtMs }) => startedAtMs)
  ]
}
