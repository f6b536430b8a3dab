import { countOf, formatPercentValue } from '../../../shared/units'
import { drawShapes, enoughRows } from '../../../core/proxy/fit/drawShapes'
import { estimatorByName } from '../../../core/proxy/estimators/registry'
import { groupByShape } from '../../../core/proxy/fit/folds'
import { proxyKernelNames, timeUnits, type ProxyKernelName } from '../../../shared/vocabulary'
import { parseProxyKernel } from '../../../core/kernel/spec'
import { decimalOption } from '../profile/profileOptions'
import type { SampleTable } from '../../../core/proxy/samples'
import { AppError } from '../../../shared/errors'
import { readSampleFiles } from '../../proxy/proxyFiles'
import { choiceOption, numberOption, textOption, UsageError, type CliArguments } from '../framework/framework'

/** What the verbs of `bitbench proxy` that fit have in common. */
export const fitOptions = {
  kernel: { type: 'string', help: proxyKernelNames.join(', ') },
  estimator: { type: 'string', help: 'auto or a single algorithm', default: 'auto' },
  seed: { type: 'string', help: 'seed of folds, trees and choices', default: '1' },
  unit: {
    type: 'string',
    help: 'cycles, instructions, nJ (energy), ns, us, ms or s, where the file does not say'
  },
  decimal: decimalOption,
  rows: {
    type: 'string',
    help: 'of more rows than this, whole shapes are drawn until so many are reached',
    default: String(enoughRows)
  }
} as const

/** Samples for a proxy verb. */
export interface ProxyInput {
  /** What is fitted and judged. */
  samples: SampleTable
  kernel: ProxyKernelName
  /** What the files hold; more than `samples` where rows were drawn. */
  read: { rows: number; shapes: number }
}

/** Reads the files of a verb. @throws UsageError for wrong options, data.invalid naming line and column */
export async function readInput(
  args: CliArguments,
  context: { cwd: string; log(line: string): void }
): Promise<ProxyInput> {
  if (args.positionals.length === 0) throw new UsageError('give at least one CSV file')
  const kernelText = textOption(args, 'kernel')
  if (kernelText === undefined) throw new UsageError('--kernel is needed, e.g. --kernel conv2d')
  const kernel = usage(() => parseProxyKernel(kernelText))
  usage(() => estimatorByName(textOption(args, 'estimator') ?? 'auto'))
  const unit = choiceOption(args, 'unit', timeUnits)
  const decimal = choiceOption(args, 'decimal', ['.', ','])
  const most = numberOption(args, 'rows', { min: 10, max: 1e8, integer: true }) ?? enoughRows
  const { samples, warnings } = await readSampleFiles(args.positionals, kernel, {
    cwd: context.cwd,
    unit,
    decimal
  })
  warnings.forEach(context.log)
  const drawn = drawShapes(samples, most, proxySeed(args))
  const read = { rows: samples.count, shapes: groupByShape(samples).groups }
  if (drawn.count < samples.count) {
    context.log(
      `${countOf(read.rows, 'row')} of ${read.shapes} shapes: fits and errors are those of ${countOf(drawn.count, 'row')} of whole shapes, drawn by the seed. --rows N draws more.`
    )
  }
  return { samples: drawn, kernel, read }
}

/** The seed of a proxy verb. */
export function proxySeed(args: CliArguments): number {
  return numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
}

/** Progress on stderr: whole percents and what is being done, no line twice. */
export function progressLog(context: { log(line: string): void }) {
  let last = ''
  return (done: number, total: number, note: string): void => {
    const line = `${note} (${total === 100 ? `${Math.floor(done / 10) * 10} %` : `${done} of ${total}`})`
    if (note === '' || line === last) return
    last = line
    context.log(line)
  }
}

/** A value in percent with two digits; unavailable for null. */
export function percent(value: number | null): string {
  return formatPercentValue(value, 2)
}

/** Wrong names are wrong usage. */
export function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof AppError && error.code === 'input.invalid')
      throw new UsageError(`${error.message} ${error.hint}`)
    throw error
  }
}
