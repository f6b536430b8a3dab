import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bitFusionMatches } from '../../core/proxy/bitfusionMatch'
import { evaluate, splitNames, type Evaluation, type SplitName } from '../../core/proxy/evaluate'
import { estimatorByName } from '../../core/proxy/estimators/registry'
import { fitWithDetail } from '../../core/proxy/detail'
import { parseKernelName, type KernelName } from '../../core/proxy/kernels'
import { fitProxy, proxyFromJson, type Proxy } from '../../core/proxy/proxy'
import { shapeText } from '../../core/proxy/samples'
import { formatCount } from '../../shared/units'
import { AppError } from '../../shared/errors'
import { readSampleFiles, readText } from '../proxy/proxyFiles'
import { writeReport } from '../proxy/proxyReport'
import { calibrateVerb } from './proxyCalibrate'
import { transferVerb } from './proxyTransfer'
import { numberOption, textOption, UsageError, type CliArguments, type CliNoun } from './framework'

const common = {
  kernel: { type: 'string', help: 'matmul, conv2d, dwconv2d, maxpool, avgpool, add or requantize' },
  estimator: { type: 'string', help: 'auto or a single algorithm', default: 'auto' },
  seed: { type: 'string', help: 'seed of folds, trees and choices', default: '1' },
  unit: { type: 'string', help: 'cycles or instructions, where the file does not say' }
} as const

/** `bitbench proxy`: fits, judges and applies latency proxies on CSV files; needs no board and no data file. */
export const proxyCli: CliNoun = {
  noun: 'proxy',
  summary: 'latency proxies: fit, judge on held-out rows, predict, transfer, report',
  verbs: {
    fit: {
      summary: 'Fits a proxy on profile files and saves it.',
      usage: 'FILE… --kernel K [--estimator auto|NAME] --out P.json',
      options: { ...common, out: { type: 'string', help: 'where the proxy is written' } },
      async run(args, context) {
        const out = textOption(args, 'out')
        if (out === undefined) throw new UsageError('proxy fit needs --out P.json')
        const { samples, kernel } = await readInput(args, context)
        const proxy = fitProxy(samples, {
          kernel,
          estimator: textOption(args, 'estimator') ?? 'auto',
          seed: seedOf(args),
          onProgress: (done, total, note) => note !== '' && context.log(`${note} (${done} of ${total})`)
        })
        const file = path.resolve(context.cwd, out)
        await mkdir(path.dirname(file), { recursive: true })
        await writeFile(file, JSON.stringify(proxy.toJSON()))
        const json = { ...summaryOf(proxy), out: file }
        return {
          json,
          text: [
            `${proxy.kernel} proxy of ${proxy.rows} rows, ${proxy.shapes} shapes: ${proxy.description}`,
            `error on unseen shapes ${percent(proxy.unseenShapeMape)} (on the fitted rows ${percent(proxy.trainMape)})`,
            `90 % intervals hold ${proxy.coverage90 === null ? '–' : percent(100 * proxy.coverage90)} of unseen rows`,
            `saved as ${file}`
          ].join('\n')
        }
      }
    },
    evaluate: {
      summary:
        'Judges an estimator on training rows, random folds, unseen shapes and single shapes left out.',
      usage: 'FILE… --kernel K [--split train,random,shape,loso] [--train OTHER.csv] [--estimator auto|NAME]',
      options: {
        ...common,
        split: { type: 'string', help: 'splits, joined by commas', default: 'train,random,shape,loso' },
        train: { type: 'string', multiple: true, help: 'more rows to train on; never judged' }
      },
      async run(args, context) {
        const splits = splitsOf(textOption(args, 'split') ?? 'train,random,shape,loso')
        const { samples, kernel } = await readInput(args, context)
        const trainFiles = args.values['train']
        const extraPaths = Array.isArray(trainFiles)
          ? trainFiles.filter((value) => typeof value === 'string')
          : []
        const extra =
          extraPaths.length === 0
            ? undefined
            : await readSampleFiles(extraPaths, kernel, { cwd: context.cwd, unit: samples.unit })
        extra?.warnings.forEach(context.log)
        const matches = bitFusionMatches(samples)
        const evaluation = evaluate(
          samples,
          estimatorByName(textOption(args, 'estimator') ?? 'auto'),
          splits,
          {
            seed: seedOf(args),
            ...(extra === undefined ? {} : { extra: extra.samples }),
            onProgress: (done, total, note) => note !== '' && context.log(`${note} (${done} of ${total})`)
          }
        )
        const json = {
          rows: evaluation.rows,
          shapes: evaluation.shapes,
          estimator: evaluation.estimator,
          description: evaluation.description,
          kernel,
          unit: samples.unit,
          seed: seedOf(args),
          splits: evaluation.splits,
          ...(matches === null ? {} : { bitfusion: matches })
        }
        return { json, text: evaluationText(evaluation, matches) }
      }
    },
    predict: {
      summary: 'Predicts every row of a file (its Time column may hold anything above 0) with 90 % bounds.',
      usage: 'P.json FILE',
      options: {
        level: { type: 'string', help: 'level of the interval in percent, 50 to 99', default: '90' }
      },
      async run(args, context) {
        const [proxyFile, file] = args.positionals
        if (proxyFile === undefined || file === undefined)
          throw new UsageError('proxy predict needs P.json and FILE')
        const proxy = await loadProxy(path.resolve(context.cwd, proxyFile))
        const level = (numberOption(args, 'level', { min: 50, max: 99 }) ?? 90) / 100
        const read = await readSampleFiles([file], proxy.kernel, {
          cwd: context.cwd,
          unit: proxy.unit,
          timeOptional: true
        })
        read.warnings.forEach(context.log)
        const { samples } = read
        const predicted = proxy.predict(samples)
        const { low, high } = proxy.interval(samples, level)
        const predictions = Array.from(predicted, (value, row) => ({
          shape: shapeText(samples, row),
          activationBits: samples.activationBits[row],
          weightBits: samples.weightBits[row],
          predicted: value,
          low: low[row],
          high: high[row]
        }))
        return {
          json: { kernel: proxy.kernel, unit: proxy.unit, level, predictions },
          text: predictions
            .map(
              (row) =>
                `${row.shape} a${row.activationBits} w${row.weightBits}  ${formatCount(row.predicted, proxy.unit)}  ` +
                `(${formatCount(row.low)} to ${formatCount(row.high)})`
            )
            .join('\n')
        }
      }
    },
    transfer: transferVerb,
    calibrate: calibrateVerb,
    report: {
      summary: 'Fits, judges and writes a self-contained report.html with its figures as SVG and PNG.',
      usage: 'FILE… --kernel K [--estimator auto|NAME] --out FOLDER',
      options: { ...common, out: { type: 'string', help: 'folder for the report' } },
      async run(args, context) {
        const out = textOption(args, 'out')
        if (out === undefined) throw new UsageError('proxy report needs --out FOLDER')
        const { samples, kernel } = await readInput(args, context)
        const fitted = fitWithDetail(samples, {
          kernel,
          estimator: textOption(args, 'estimator') ?? 'auto',
          seed: seedOf(args),
          onProgress: (done, total, note) => note !== '' && context.log(`${note} (${done} of ${total})`)
        })
        const title = args.positionals.map((file) => path.basename(file)).join(', ')
        const files = await writeReport(path.resolve(context.cwd, out), { ...fitted, title })
        return { json: { ...summaryOf(fitted.proxy), files }, text: files.join('\n') }
      }
    }
  }
}

async function readInput(
  args: CliArguments,
  context: { cwd: string; log(line: string): void }
): Promise<{ samples: Awaited<ReturnType<typeof readSampleFiles>>['samples']; kernel: KernelName }> {
  if (args.positionals.length === 0) throw new UsageError('give at least one CSV file')
  const kernelText = textOption(args, 'kernel')
  if (kernelText === undefined) throw new UsageError('--kernel is needed, e.g. --kernel conv2d')
  const kernel = usage(() => parseKernelName(kernelText))
  usage(() => estimatorByName(textOption(args, 'estimator') ?? 'auto'))
  const unit = textOption(args, 'unit')
  if (unit !== undefined && unit !== 'cycles' && unit !== 'instructions') {
    throw new UsageError(`--unit must be cycles or instructions, not "${unit}"`)
  }
  const read = await readSampleFiles(args.positionals, kernel, {
    cwd: context.cwd,
    ...(unit === undefined ? {} : { unit })
  })
  read.warnings.forEach(context.log)
  return { samples: read.samples, kernel }
}

/** Wrong names are wrong usage. */
function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof AppError && error.code === 'input.invalid')
      throw new UsageError(`${error.message} ${error.hint}`)
    throw error
  }
}

function splitsOf(text: string): SplitName[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!(splitNames as readonly string[]).includes(name)) {
      throw new UsageError(`--split takes ${splitNames.join(', ')}, not "${name}"`)
    }
  }
  return names as SplitName[]
}

function seedOf(args: CliArguments): number {
  return numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
}

async function loadProxy(file: string): Promise<Proxy> {
  const text = await readText(file)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'proxy.invalid',
      `${file} is not JSON.`,
      'Give a file written by `bitbench proxy fit --out`.',
      {
        cause
      }
    )
  }
  return proxyFromJson(json)
}

function summaryOf(proxy: Proxy) {
  const { kernel, unit, estimator, description, seed, rows, shapes, trainMape, unseenShapeMape, coverage90 } =
    proxy
  return { kernel, unit, estimator, description, seed, rows, shapes, trainMape, unseenShapeMape, coverage90 }
}

function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(2)} %`
}

const splitTitles: Record<SplitName | 'other', string> = {
  train: 'training (not a measure of quality)',
  random: 'random 5 folds',
  shape: 'unseen shapes, 5 groups',
  loso: 'one shape left out',
  other: 'fitted on --train alone'
}

function evaluationText(evaluation: Evaluation, matches: { exact: number; rows: number } | null): string {
  const lines = [
    `${evaluation.rows} rows, ${evaluation.shapes} shapes; ${evaluation.estimator}: ${evaluation.description}`,
    `${''.padEnd(36)} MAPE      R2       P95       MAE`
  ]
  for (const [name, errors] of Object.entries(evaluation.splits)) {
    lines.push(
      `${splitTitles[name as SplitName].padEnd(36)} ${percent(errors.mape).padEnd(9)} ` +
        `${(errors.r2?.toFixed(4) ?? '–').padEnd(8)} ${percent(errors.p95).padEnd(9)} ${formatCount(errors.mae)}`
    )
  }
  if (matches !== null) lines.push(`BitFusion analytic model: ${matches.exact} of ${matches.rows} rows exact`)
  return lines.join('\n')
}
