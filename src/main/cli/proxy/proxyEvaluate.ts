import { errorSplits, type ErrorSplit } from '../../../shared/vocabulary'
import { bitFusionMatches } from '../../../core/proxy/csv/bitfusionMatch'
import { countFits } from '../../../core/proxy/fit/fitProgress'
import { evaluateProxy, type ProxyEvaluation } from '../../../core/proxy/fit/evaluate'
import { estimatorByName } from '../../../core/proxy/estimators/registry'
import { groupByShape } from '../../../core/proxy/fit/folds'
import type { SampleTable } from '../../../core/proxy/samples'
import { countOf, formatCount } from '../../../shared/units'
import { readSampleFiles } from '../../proxy/proxyFiles'
import {
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliVerb
} from '../framework/framework'
import { fitOptions, percent, progressLog, readInput, proxySeed } from './proxyInput'

/** Leaving out one shape at a time takes a fit per shape: with more than this it is done only on request. */
const maxShapesLeftOut = 300
/** Rows over all those fits: minutes. */
const maxRowsLeftOut = 500_000

/** `bitbench proxy evaluate`: how good an estimator is on a file, on rows it was not fitted to. */
export const evaluateVerb: CliVerb = {
  summary: 'Judges an estimator on training rows, random folds, unseen shapes and single shapes left out.',
  usage: 'FILE… --kernel K [--split train,random,shape,loso] [--train OTHER.csv] [--estimator auto|NAME]',
  options: {
    ...fitOptions,
    split: { type: 'string', help: 'splits, joined by commas; all that the samples allow without' },
    train: { type: 'string', multiple: true, help: 'more rows to train on; never judged' }
  },
  async run(args, context) {
    const asked = textOption(args, 'split')
    const named = asked === undefined ? null : splitsOf(asked)
    const { samples, kernel, read } = await readInput(args, context)
    const splits = named ?? possibleSplits(samples, context.log)
    const extra = await readExtra(args, context, samples)
    const matches = bitFusionMatches(samples)
    const log = progressLog(context)
    let stage = ''
    const work = countFits(estimatorByName(textOption(args, 'estimator') ?? 'auto'), (share) =>
      log(100 * share, 100, stage)
    )
    expectWork(work, splits, samples, extra !== undefined)
    const evaluation = evaluateProxy(samples, work.estimator, splits, {
      seed: proxySeed(args),
      ...(extra === undefined ? {} : { extra }),
      onProgress: (_done, _total, note) => (stage = note)
    })
    const { rows, shapes } = read
    const json = {
      rows,
      shapes,
      estimator: evaluation.estimator,
      description: evaluation.description,
      kernel,
      unit: samples.unit,
      seed: proxySeed(args),
      splits: evaluation.splits,
      // What the errors are about, where not all that was read is judged.
      ...(samples.count < rows ? { drawn: { rows: samples.count, shapes: evaluation.shapes } } : {}),
      ...(matches === null ? {} : { bitfusion: matches })
    }
    return { json, text: evaluationText(evaluation, matches) }
  }
}

function splitsOf(text: string): ErrorSplit[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!(errorSplits as readonly string[]).includes(name)) {
      throw new UsageError(`--split takes ${errorSplits.join(', ')}, not "${name}"`)
    }
  }
  return names as ErrorSplit[]
}

/** Every split that makes sense; what is left out is said. */
function possibleSplits(samples: SampleTable, log: (line: string) => void): ErrorSplit[] {
  const { groups } = groupByShape(samples)
  if (groups < 2) {
    log('All rows are of one layer shape: nothing can be said of unseen shapes.')
    return ['train', 'random']
  }
  if (groups <= maxShapesLeftOut && groups * samples.count <= maxRowsLeftOut) return [...errorSplits]
  log(`${groups} shapes: leaving out one at a time would take ${groups} fits; ask for it with --split loso.`)
  return ['train', 'random', 'shape']
}

async function readExtra(
  args: CliArguments,
  context: { cwd: string; log(line: string): void },
  samples: SampleTable
): Promise<SampleTable | undefined> {
  const paths = repeatedOption(args, 'train')
  if (paths.length === 0) return undefined
  const extra = await readSampleFiles(paths, samples.kernel, { cwd: context.cwd, unit: samples.unit })
  extra.warnings.forEach(context.log)
  return extra.samples
}

/** Every split holds out its parts and, for an estimator that chooses, chooses again for each (loso: as shape does). */
function expectWork(
  work: { expect(choices: number, fits: number): void },
  splits: readonly ErrorSplit[],
  samples: SampleTable,
  hasExtra: boolean
): void {
  if (splits.includes('train')) work.expect(1, 1)
  if (splits.includes('random')) work.expect(5, 5)
  if (splits.includes('shape')) work.expect(5, 5)
  if (splits.includes('loso')) work.expect(splits.includes('shape') ? 0 : 5, groupByShape(samples).groups)
  if (hasExtra) work.expect(1, 1)
}

const splitTitles: Record<ErrorSplit | 'other', string> = {
  train: 'training (not a measure of quality)',
  random: 'random 5 folds',
  shape: 'unseen shapes, 5 groups',
  loso: 'one shape left out',
  other: 'fitted on --train alone'
}

function evaluationText(
  evaluation: ProxyEvaluation,
  matches: { exact: number; rows: number } | null
): string {
  const lines = [
    `${countOf(evaluation.rows, 'row')}, ${countOf(evaluation.shapes, 'shape')}; ${evaluation.estimator}: ${evaluation.description}`,
    `${''.padEnd(36)} MAPE      R2       P95       MAE`
  ]
  for (const [name, errors] of Object.entries(evaluation.splits)) {
    lines.push(
      `${splitTitles[name as ErrorSplit].padEnd(36)} ${percent(errors.mape).padEnd(9)} ` +
        `${(errors.r2?.toFixed(4) ?? '–').padEnd(8)} ${percent(errors.p95).padEnd(9)} ${formatCount(errors.mae)}`
    )
  }
  if (matches !== null)
    lines.push(`BitFusion analytic model: ${matches.exact} of ${countOf(matches.rows, 'row')} exact`)
  return lines.join('\n')
}
