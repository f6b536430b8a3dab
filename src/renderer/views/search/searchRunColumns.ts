import type { Run } from '@shared/contract/run'
import { isShare, scoreText } from '@shared/score'
import { costKindTexts } from '@shared/text/costText'
import { formatPercent, unavailable } from '@shared/units'
import { percentOf, type TableColumn } from '../../components/table/tableColumn'
import type { SearchSummary } from '../../stores/search'
import { strategyTexts } from '../../stores/text/searchText'

/** Columns of the settings of searches and of what they found. */
export function searchRunColumns(searchOf: (id: string) => SearchSummary | null): TableColumn<Run>[] {
  const budgetOf = ({ id }: Run): number | null => percentOf(searchOf(id)?.request.budgetRatio)
  const costOf = (search: SearchSummary | null): number | null =>
    search?.best == null ? null : search.best.cost / search.baselineCost
  const scoreColumnOf = (title: string, hint: string, scoreOf: ScoreOf): TableColumn<Run> => ({
    ...{ title, hint, align: 'right' },
    text: ({ id }) => {
      const search = searchOf(id)
      return search === null ? unavailable : scoreText(search.metric, scoreOf(search))
    },
    value: ({ id }) => {
      const search = searchOf(id)
      if (search === null) return null
      return isShare(search.metric) ? percentOf(scoreOf(search)) : scoreOf(search)
    }
  })
  return [
    {
      title: 'Budget counts',
      hidden: true,
      text: ({ id }) => {
        const cost = searchOf(id)?.request.cost
        return cost === undefined ? unavailable : costKindTexts[cost]
      }
    },
    {
      title: 'Budget',
      hint: 'Share of what all 8 bits cost',
      text: ({ id }) => {
        const search = searchOf(id)
        if (search === null) return unavailable
        return search.request.budgetRatio === null ? 'none' : formatPercent(search.request.budgetRatio, 0)
      },
      value: budgetOf,
      ...{ unit: '%', align: 'right' }
    },
    {
      title: 'Cost',
      hint: 'Of the best scheme, as a share of what all 8 bits cost',
      text: ({ id }) => formatPercent(costOf(searchOf(id))),
      value: ({ id }) => percentOf(costOf(searchOf(id))),
      ...{ unit: '%', align: 'right' }
    },
    {
      ...scoreColumnOf('Search items', 'Score of the best scheme on the items of the search', ({ best }) =>
        best === null ? null : best.accuracy
      ),
      hidden: true
    },
    scoreColumnOf('Test items', 'Score of the best scheme on items that no choice was made on', ({ test }) =>
      test === null ? null : test.best
    ),
    {
      title: 'Strategy',
      hidden: true,
      text: ({ id }) => {
        const strategy = searchOf(id)?.request.strategy
        return strategy === undefined ? unavailable : strategyTexts[strategy]
      }
    }
  ]
}

type ScoreOf = (search: SearchSummary) => number | null
