/**
 * Weight bits of every matrix of a language model within budgets: the default strategy beside MiCo's, on the same measures. Schemes
 * are searched by KL to float on calibration texts; perplexity of what is found is measured on held-out texts.
 *
 *   npm run bench:lm-search -- [--model FILE --tokenizer FILE --calibration FILE --text FILE] [--cost bytes | FILE of `bitbench lm profile`] [--budgets 0.4,0.6] [--strategies auto,mico]
 *                              [--evaluations 40] [--seeds 2] [--items 8] [--documents 60] [--json]
 */
import { formatLmScheme } from '../src/core/lm/integer/lmScheme'
import type { Measure } from '../src/core/search/objective'
import { runSearch } from '../src/core/search/runSearch'
import { readDecoderProxy } from '../src/main/lm/decoderProxyFile'
import { loadLm, readDocuments, shippedLm } from '../src/main/lm/lmFiles'
import { measurePerplexity } from '../src/main/lm/lmPerplexity'
import { prepareLmSearch } from '../src/main/lm/lmSearch'
import { onnxAccess } from '../src/main/model/files/onnxAccess'
import { strategyNames, type StrategyName } from '../src/shared/vocabulary'
import { quietTask } from './quietTask'
import { listOf, positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      model: { type: 'string', default: shippedLm },
      tokenizer: { type: 'string' },
      calibration: { type: 'string' },
      text: { type: 'string' },
      cost: { type: 'string', default: 'bytes' },
      budgets: { type: 'string', default: '0.4,0.6' },
      strategies: { type: 'string', default: 'auto,mico' },
      evaluations: { type: 'string', default: '40' },
      seeds: { type: 'string', default: '2' },
      items: { type: 'string', default: '8' },
      documents: { type: 'string', default: '60' },
      json: { type: 'boolean', default: false }
    }
  },
  { items: whole(), seeds: whole(), evaluations: whole(), documents: whole(), budgets: listOf(positive()) }
)

const isStrategy = (name: string): name is StrategyName => strategyNames.some((each) => each === name)
const names = values.strategies.split(',').filter(isStrategy)
const loaded = await loadLm(
  { model: values.model, tokenizer: values.tokenizer, calibration: values.calibration, text: values.text },
  process.cwd(),
  onnxAccess
)
const proxy = values.cost === 'bytes' ? null : await readDecoderProxy(values.cost)
const search = await prepareLmSearch(loaded, { proxy, cacheBits: 8, documents: Number(values.items) })
const known = new Map<string, Measure>()

/** One search: what it found, and its KL. */
interface Found {
  readonly budget: number
  readonly strategy: string
  readonly seed: number
  readonly kl: number | null
  readonly share: number
  readonly scheme: string
}

const found: Found[] = []
for (const budget of values.budgets.split(',').map(Number))
  for (const strategy of names)
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const { best } = await runSearch(
        {
          ...{ space: search.space, strategy, objective: 'kl', budgetRatios: [budget] },
          ...{ evaluations: Number(values.evaluations), batch: 4, seed }
        },
        {
          // The same scheme has the same measure, whoever proposes it.
          async evaluate(scheme) {
            const key = formatLmScheme(search.schemeOf(scheme))
            const measure = known.get(key) ?? (await search.evaluate(scheme))
            known.set(key, measure)
            return measure
          }
        }
      )
      const scheme = best === null ? '' : formatLmScheme(search.schemeOf(best.scheme))
      const share = best === null ? NaN : best.cost / search.int8Cost
      found.push({ budget, strategy, seed, kl: best?.loss ?? null, share, scheme })
      console.error(`${budget} ${strategy} seed ${seed}: KL ${best?.loss.toPrecision(3) ?? 'none'}`)
    }
const documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text', Number(values.documents))
const schemes = [...new Set(found.map(({ scheme }) => scheme).filter((scheme) => scheme !== ''))]
const loss = await measurePerplexity(loaded, documents, { schemes, seed: 1 }, quietTask)
if (values.json) console.log(JSON.stringify({ settings: values, found, loss }, null, 2))
else {
  const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`)
  const columns = [
    'budget',
    'strategy',
    'seed',
    'KL, nats',
    `${search.unit}, of int8`,
    'perplexity / float (95 %)'
  ]
  row(columns)
  row(columns.map(() => '---'))
  for (const { budget, strategy, seed, kl, share, scheme } of found) {
    const ratio = loss.schemes[schemes.indexOf(scheme)]?.overFloat
    row([
      ...[budget, strategy, seed, kl?.toPrecision(3) ?? 'none', share.toFixed(3)],
      ratio === undefined
        ? ''
        : `${ratio.ratio.toFixed(4)} (${ratio.low.toFixed(4)} to ${ratio.high.toFixed(4)})`
    ])
  }
}
