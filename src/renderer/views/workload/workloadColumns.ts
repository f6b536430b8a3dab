import type { Run } from '@shared/contract/run'
import { formatCount, unavailable } from '@shared/units'
import type { TableColumn } from '../../components/table/tableColumn'
import type { useWorkloads } from '../../stores/workload'

type Listed = ReturnType<typeof useWorkloads>['runs'][number]

/** Columns of what workload runs ran on and how far they came. */
export function workloadColumns(workloadOf: (id: string) => Listed | null): TableColumn<Run>[] {
  return [
    { title: 'Runtime', text: ({ id }) => workloadOf(id)?.subject?.runtime ?? unavailable },
    {
      title: 'Batch',
      text: ({ id }) => formatCount(workloadOf(id)?.subject?.batch),
      value: ({ id }) => workloadOf(id)?.subject?.batch ?? null,
      align: 'right'
    },
    {
      title: 'Steps done',
      text: ({ id }) => {
        const found = workloadOf(id)
        return found === null ? unavailable : stepsText(found)
      },
      value: ({ id }) => {
        const found = workloadOf(id)
        return found === null ? null : doneOf(found)
      },
      align: 'right'
    },
    { title: 'Power', text: ({ id }) => workloadOf(id)?.power?.origin ?? unavailable }
  ]
}

/** Steps of a run that are done, of all: "3 of 9". */
export const stepsText = (run: Pick<Listed, 'steps'>): string => `${doneOf(run)} of ${run.steps.length}`

const doneOf = ({ steps }: Pick<Listed, 'steps'>): number =>
  steps.filter(({ state }) => state === 'done').length
