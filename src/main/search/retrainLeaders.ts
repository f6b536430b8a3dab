import type { Scheme } from '../../core/quant/scheme'
import { comparePaired } from '../../core/search/paired'
import type { QuantMethod, Split } from '../../shared/contract/model'
import type { CandidateJson, RetrainedJson } from '../../shared/contract/search'
import type { SearchMeasure } from './searchNeeds'

/** No label is looked at, as in the search by KL. */
const method = 'distill'

type MeasureBy = (scheme: Scheme, split: Split, method: QuantMethod) => Promise<SearchMeasure>

/** The feasible candidates of least loss, at most `count`, best first. */
export function leadersOf(trace: readonly CandidateJson[], count: number): CandidateJson[] {
  return trace
    .filter(({ feasible }) => feasible)
    .sort((a, b) => a.loss - b.loss || a.cost - b.cost || a.index - b.index)
    .slice(0, count)
}

/**
 * Retrains the best candidates from their fitted codes and keeps, of fitted and retrained ones, the network of least KL on
 * the search items, which no training sees. What was retrained before (`known`) is not trained again.
 * @param test.fittedBy the method of the candidates
 * @param report called after each one, and at the end with the kept one on the test items
 */
export async function retrainLeaders(
  leaders: readonly CandidateJson[],
  known: RetrainedJson | null,
  measure: MeasureBy,
  test: { readonly split: Split; readonly int8: Uint8Array; readonly fittedBy: QuantMethod },
  report: (retrained: RetrainedJson) => Promise<void>
): Promise<void> {
  const entries = [...(known?.entries ?? [])]
  for (const { index, scheme } of leaders) {
    if (entries.some((entry) => entry.index === index)) continue
    const { kl, accuracy } = await measure(scheme, 'search', method)
    entries.push({ index, kl, accuracy })
    await report({ method, entries: [...entries], kept: null, test: null })
  }
  const kept = keptOf(leaders, entries)
  if (kept === null) return
  const { scheme } = leaders.find(({ index }) => index === kept.index)!
  const found = await measure(scheme, test.split, kept.isRetrained ? method : test.fittedBy)
  await report({
    method,
    entries,
    kept,
    test: { accuracy: found.accuracy, versusInt8: comparePaired(found.right, test.int8) }
  })
}

/** Least KL; of equals the fitted one, then the better candidate. */
function keptOf(leaders: readonly CandidateJson[], entries: RetrainedJson['entries']): RetrainedJson['kept'] {
  let kept: RetrainedJson['kept'] = null
  const offers = [
    ...leaders.map(({ index, kl }) => ({ index, isRetrained: false, kl: kl ?? Infinity })),
    ...entries.map(({ index, kl }) => ({ index, isRetrained: true, kl }))
  ]
  for (const offer of offers) if (kept === null || offer.kl < kept.kl) kept = offer
  return kept
}
