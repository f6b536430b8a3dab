import type { Deployment } from '@shared/contract/deploy'
import type { Run } from '@shared/contract/run'
import { formatCount, formatPercent, unavailable } from '@shared/units'
import { percentOf, type TableColumn } from '../../components/table/tableColumn'

/** Columns of what deployments came to. */
export function deploymentColumns(deploymentOf: (id: string) => Deployment | null): TableColumn<Run>[] {
  const outputs = ({ id }: Run): string => {
    const exact = deploymentOf(id)?.bitExact ?? null
    return exact === null ? unavailable : exact ? 'bit-exact' : 'different'
  }
  return [
    { title: 'Outputs', hint: 'Every output of every image against the host’s', text: outputs },
    {
      title: 'Accuracy',
      hint: 'On the board',
      text: ({ id }) => formatPercent(deploymentOf(id)?.boardAccuracy, 2),
      value: ({ id }) => percentOf(deploymentOf(id)?.boardAccuracy),
      ...{ unit: '%', align: 'right' }
    },
    {
      title: 'Counted',
      hint: 'Per image; cycles or instructions, as the board counts',
      text: ({ id }) => formatCount(deploymentOf(id)?.measured),
      value: ({ id }) => deploymentOf(id)?.measured ?? null,
      note: ({ id }) => (deploymentOf(id)?.measured == null ? null : deploymentOf(id)!.unit),
      align: 'right'
    },
    {
      title: 'Prediction off',
      text: ({ id }) => formatPercent(deploymentOf(id)?.relativeError),
      value: ({ id }) => percentOf(deploymentOf(id)?.relativeError),
      ...{ unit: '%', align: 'right' }
    },
    {
      title: 'Images',
      hidden: true,
      text: ({ id }) => formatCount(deploymentOf(id)?.imagesDone),
      value: ({ id }) => deploymentOf(id)?.imagesDone ?? null,
      align: 'right'
    }
  ]
}
