import type { CandidateJson, CostKind } from '@shared/contract/search'
import { defineStore } from 'pinia'
import { ref, shallowReactive } from 'vue'
import { useClient } from '../client/current'
import { createAction } from './window/action'
import { createNewest } from './window/newest'
import { schemeText } from './text/searchText'
import type { SearchSummary } from './search'

/** What schemes cost under kinds that their search did not budget; read once per scheme. */
export const useSchemeCosts = defineStore('schemeCosts', () => {
  const client = useClient()
  const known = shallowReactive(new Map<string, number>())
  /** Schemes that are still to be read. */
  const left = ref(0)
  const beginRead = createNewest()

  const keyOf = ({ request }: SearchSummary, kind: CostKind, { scheme }: CandidateJson): string =>
    [request.modelId, request.proxyId, kind, schemeText(scheme)].join(' ')

  /** A scheme's cost: from the search where it budgeted this kind, else as read; null while unknown. */
  function costOf(search: SearchSummary, kind: CostKind, candidate: CandidateJson): number | null {
    const { cost, alsoWithin } = search.request
    const at = [cost, ...alsoWithin.map((budget) => budget.cost)].indexOf(kind)
    return at >= 0 ? (candidate.costs[at] ?? null) : (known.get(keyOf(search, kind, candidate)) ?? null)
  }

  /** Reads what is not known yet; a newer call ends this one. */
  const read = createAction(
    async (search: SearchSummary, kinds: readonly CostKind[], trace: readonly CandidateJson[]) => {
      const isNewest = beginRead()
      const wanted = kinds.flatMap((kind) =>
        trace
          .filter((candidate) => costOf(search, kind, candidate) === null)
          .map((candidate) => ({ kind, candidate }))
      )
      left.value = wanted.length
      try {
        for (const { kind, candidate } of wanted) {
          if (!isNewest()) return
          const { modelId, proxyId } = search.request
          const { scheme } = candidate
          const { cost } = await client.call('search.cost', { modelId, cost: kind, proxyId, scheme })
          known.set(keyOf(search, kind, candidate), cost)
          if (isNewest()) left.value -= 1
        }
      } finally {
        if (isNewest()) left.value = 0
      }
    }
  )

  return { left, costOf, read }
})
