import type { EstimatorSummary } from '@shared/contract/estimator'
import type { Run } from '@shared/contract/run'
import { formatCount, unavailable } from '@shared/units'
import { errorColumn, type TableColumn } from '../../components/table/tableColumn'

/** Columns of what estimators learned from and how far off they are. */
export function estimatorColumns(estimatorOf: (id: string) => EstimatorSummary | null): TableColumn<Run>[] {
  return [
    {
      ...errorColumn('Held-out error', ({ id }: Run) => estimatorOf(id)?.totalMape),
      strong: true,
      hint: 'Of the total on configurations that were held out'
    },
    { title: 'Model', text: ({ id }) => estimatorOf(id)?.model ?? unavailable },
    {
      title: 'Stages',
      text: ({ id }) => formatCount(estimatorOf(id)?.stages.length),
      value: ({ id }) => estimatorOf(id)?.stages.length ?? null,
      align: 'right'
    },
    {
      title: 'Rows',
      text: ({ id }) => formatCount(estimatorOf(id)?.rows.train),
      value: ({ id }) => estimatorOf(id)?.rows.train ?? null,
      align: 'right'
    }
  ]
}
