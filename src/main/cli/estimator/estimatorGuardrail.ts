import { formatPercent } from '../../../shared/units'
import path from 'node:path'
import { mkdir } from 'node:fs/promises'
import { predictConfigurations } from '../../../core/estimator/fit/estimator'
import { evaluateRows } from '../../../core/estimator/fit/report'
import {
  analyseGuardrail,
  defaultMargin,
  requireBudget,
  verdictOf,
  type GuardrailAnalysis,
  type GuardRule
} from '../../../core/estimator/guard/guardrail'
import { intervalLevel } from '../../../core/estimator/fit/intervals'
import { intervalFactors } from '../../../core/regression/interval'
import { hashSamples, readEstimator } from '../../estimator/estimatorFiles'
import { guardrailFigure } from '../../estimator/estimatorFigures'
import { writeFigures } from '../../figures/writeFigures'
import { writeWholeFile } from '../../files/replaceFile'
import { dataOptions, pathOption, readEstimatorInput } from './estimatorInput'
import { readCandidates } from './candidateLines'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

/** `bitbench estimator guardrail`: filters candidates, or measures what the guardrail is worth. */
export const guardrailVerb: CliVerb = {
  summary: 'Filters candidates by a latency budget, or compares the guardrail with measured totals.',
  usage:
    '--checkpoint-path FILE --candidates FILE.jsonl --budget-ms 200 [--rule margin|interval] | --checkpoint-path FILE (--results-dir DIR | FILE…) --output-dir DIR',
  options: {
    ...dataOptions,
    'checkpoint-path': { type: 'string', help: 'best_latency_estimator.json, or its folder' },
    candidates: {
      type: 'string',
      help: 'JSON lines with the knobs of a candidate each; - reads standard input'
    },
    'budget-ms': { type: 'string', help: 'largest total latency' },
    margin: {
      type: 'string',
      help: 'accept when predicted x margin <= budget',
      default: String(defaultMargin)
    },
    rule: {
      type: 'string',
      help: 'margin, or interval ("measure it" where it straddles the budget)',
      default: 'margin'
    },
    'output-dir': { type: 'string', help: 'folder of e3_guardrail_analysis.json and its figure' }
  },
  run: (args, context) =>
    textOption(args, 'candidates') === undefined ? runAnalysis(args, context) : runFilter(args, context)
}

async function openEstimator(args: CliArguments, context: CliContext) {
  const file = pathOption(args, 'checkpoint-path', context)
  if (file === undefined) throw new UsageError('--checkpoint-path FILE is needed')
  return await readEstimator(file)
}

const marginOf = (args: CliArguments): number =>
  numberOption(args, 'margin', { min: 0.1, max: 10 }) ?? defaultMargin

async function runFilter(args: CliArguments, context: CliContext) {
  if (args.positionals.length > 0)
    throw new UsageError('give --candidates or files of measured samples, not both')
  const { estimator } = await openEstimator(args, context)
  const budgetMs = numberOption(args, 'budget-ms', {})
  if (budgetMs === undefined) throw new UsageError('--budget-ms is needed with --candidates')
  requireBudget(budgetMs)
  const rule: GuardRule =
    choiceOption(args, 'rule', ['margin', 'interval']) === 'interval'
      ? { kind: 'interval' }
      : { kind: 'margin', margin: marginOf(args) }
  const named = textOption(args, 'candidates') ?? ''
  const candidates = await readCandidates(
    named === '-' ? named : path.resolve(context.cwd, named),
    estimator.codec
  )
  const predictions = predictConfigurations(
    estimator,
    candidates.map(({ configuration }) => configuration),
    intervalLevel
  )
  const results = candidates.map(({ configuration, rest }, at) => {
    const { totalMs = NaN, lowMs = NaN, highMs = NaN, warnings = [] } = predictions[at] ?? {}
    return {
      ...rest,
      ...configuration,
      totalMs,
      lowMs,
      highMs,
      warnings,
      verdict: verdictOf({ totalMs, lowMs, highMs }, budgetMs, rule)
    }
  })
  const count = (verdict: string): number => results.filter((one) => one.verdict === verdict).length
  context.log(`${count('accept')} accepted, ${count('reject')} rejected, ${count('measure')} to be measured`)
  // Text is JSON lines too, for the next program: candidates to run and to measure.
  const left = results.filter((one) => one.verdict !== 'reject')
  return {
    json: { budgetMs, rule, candidates: results },
    text: left.map((one) => JSON.stringify(one)).join('\n')
  }
}

async function runAnalysis(args: CliArguments, context: CliContext) {
  const { estimator, json } = await openEstimator(args, context)
  const { table, samples } = await readEstimatorInput(args, context)
  const trainedOn = hashSamples(samples) === json.dataHash
  if (trainedOn)
    context.log('The estimator was trained on these candidates: others decide what the guardrail is worth.')
  const rows = evaluateRows(estimator, table)
  const factors = intervalFactors({ logRatios: estimator.logRatios }, intervalLevel)
  const predicted = Array.from(rows.predictedTotal, (totalMs) => ({
    totalMs,
    lowMs: totalMs * factors.low,
    highMs: totalMs * factors.high
  }))
  const analysis = {
    origin: table.origin,
    trainedOn,
    ...analyseGuardrail(predicted, rows.measuredTotal, marginOf(args))
  }
  const folder = pathOption(args, 'output-dir', context)
  const files: string[] = []
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'e3_guardrail_analysis.json')
    await writeWholeFile(file, `${JSON.stringify(analysis, null, 1)}\n`)
    files.push(file, ...(await writeFigures(path.join(folder, 'figures'), [guardrailFigure(analysis)])))
  }
  return { json: { ...analysis, files }, text: [...analysisLines(analysis), ...files].join('\n') }
}

function analysisLines({ byFraction, budgetDefinition, margin }: GuardrailAnalysis): string[] {
  return [
    `Budget: ${budgetDefinition}`,
    ...byFraction.map(
      ({ fraction, budgetMs, margin: byMargin, interval }) =>
        `${fraction} (${budgetMs.toFixed(2)} ms): violations ${formatPercent(byMargin.violationsWithout)} without, ` +
        `${formatPercent(byMargin.violationsWith)} with margin ${margin} (false rejects ${formatPercent(byMargin.falseReject)}), ` +
        `${formatPercent(interval.violationsWith)} by interval (${formatPercent(interval.measureShare)} to be measured)`
    )
  ]
}
