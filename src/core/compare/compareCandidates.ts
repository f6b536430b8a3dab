import type { CandidateJson, Search } from '../../shared/contract/search'
import { budgetsOf, costUnder, type BudgetedSearch } from '../../shared/searchBudget'
import { isShare, scoreTitle } from '../../shared/score'
import { costKindTexts } from '../../shared/text/costText'
import { schemeRows } from './compareRuns'
import { differences, singleFigure, type RunFigures } from './figures'
import { shareDifference } from './intervals'

/** What of a search its candidates are compared by. */
export type CandidateSearch = BudgetedSearch & Pick<Search, 'metric'>

/**
 * Candidates of one search: score with its difference, loss, every budgeted cost as a ratio, bits of every layer.
 *
 * @param candidates the first is what the others are compared with
 */
export function compareCandidates(search: CandidateSearch, candidates: readonly CandidateJson[]): RunFigures {
  const { metric } = search
  // The interval is one of shares of items: an AUC or R² has another.
  const share = ({ accuracy, versusInt8 }: CandidateJson) =>
    versusInt8 === null || !isShare(metric) ? null : { share: accuracy, items: versusInt8.images }
  return {
    notes: ['The search chose by these items: on others the scores are mostly lower, and differ less.'],
    figures: [
      {
        ...singleFigure(
          `${scoreTitle(metric)} on the search items`,
          isShare(metric) ? 'share' : 'score',
          candidates.map(({ accuracy }) => accuracy)
        ),
        against: differences(candidates, (a, b) => {
          const [first, second] = [share(a), share(b)]
          if (first !== null && second !== null) return shareDifference(first, second)
          return { value: b.accuracy - a.accuracy, low: null, high: null }
        })
      },
      singleFigure(
        'Loss',
        'loss',
        candidates.map(({ loss }) => loss)
      ),
      ...budgetsOf(search).map(({ cost, unit }, at) =>
        singleFigure(
          `Cost: ${costKindTexts[cost]}`,
          unit,
          candidates.map((candidate) => costUnder(candidate, at)),
          'ratio'
        )
      )
    ],
    rows: schemeRows(candidates.map(({ scheme }) => scheme)),
    curves: []
  }
}
