import { formatPercentValue } from '../../../shared/units'
import { assembleTransfer, type AssembledTransfer } from '../../../core/estimator/transfer/assemble'
import { calibrationDesigns, type CalibrationDesign } from '../../../core/estimator/transfer/calibrationRows'
import { stageTransferCurve, type StageTransferCurve } from '../../../core/estimator/transfer/curve'
import { methodTitles } from '../../../core/estimator/transfer/methods'
import { decimalOption } from '../profile/profileOptions'
import { presetOption, readingOf } from './estimatorInput'
import { readStageFiles } from '../../estimator/sampleFiles'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

/** `bitbench estimator transfer`: every method's error with N configurations measured on the target. */
export const stageTransferVerb: CliVerb = {
  summary: 'Error of every transfer method against the configurations measured on the target.',
  usage: '--source A.csv[,…] --target B.csv[,…] [--judge C.csv] --preset vidur --n 10,25,50,100 --seeds 12',
  options: {
    source: { type: 'string', help: 'files of the source device, joined by commas' },
    target: { type: 'string', help: 'files of the target device, joined by commas' },
    judge: { type: 'string', help: 'files of the target that decide and are never calibrated on' },
    'source-device': { type: 'string', help: 'name of the source GPU, if the files are not named by it' },
    'target-device': { type: 'string', help: 'name of the target GPU, if the files are not named by it' },
    preset: presetOption,
    decimal: decimalOption,
    n: { type: 'string', help: 'configurations to calibrate on, joined by commas', default: '10,25,50,100' },
    seeds: { type: 'string', help: 'draws to average over', default: '12' },
    design: {
      type: 'string',
      help: `how the configurations to measure are chosen: ${calibrationDesigns.join(', ')}`,
      default: 'random'
    }
  },
  run: (args, context) => runTransfer(args, context)
}

async function runTransfer(args: CliArguments, context: CliContext) {
  const sizes = sizesOf(args)
  const seeds = numberOption(args, 'seeds', { min: 1, max: 1000, integer: true }) ?? 12
  const design = designOf(args)
  const assembled = await readTransfer(args, context)
  assembled.remarks.forEach(context.log)
  const curve = stageTransferCurve(assembled, {
    sizes,
    seeds,
    design,
    onProgress: (_done, _total, note) => note !== '' && context.log(note)
  })
  return { json: { ...transferJson(curve, sizes, seeds), design }, text: transferText(curve) }
}

/** Reads and joins the files of both devices; wrong usage is reported before any file is read. */
export async function readTransfer(args: CliArguments, context: CliContext): Promise<AssembledTransfer> {
  const [sourceFiles, targetFiles] = [filesOf(args, 'source'), filesOf(args, 'target')]
  const judgeFiles = textOption(args, 'judge') === undefined ? null : filesOf(args, 'judge')
  const read = (files: readonly string[]) => readStageFiles(files, readingOf(args), context.cwd)
  const [sourceDevice, targetDevice] = [textOption(args, 'source-device'), textOption(args, 'target-device')]
  return assembleTransfer({
    source: await read(sourceFiles),
    target: await read(targetFiles),
    ...(judgeFiles === null ? {} : { judge: await read(judgeFiles) }),
    ...(sourceDevice === undefined ? {} : { sourceDevice }),
    ...(targetDevice === undefined ? {} : { targetDevice })
  })
}

function filesOf(args: CliArguments, name: string): string[] {
  const files = (textOption(args, name) ?? '').split(',').filter((file) => file !== '')
  if (files.length === 0) throw new UsageError(`--${name} FILE[,FILE…] is needed`)
  return files
}

/** Numbers of samples that --n names. @throws UsageError */
export function sizesOf(args: CliArguments): number[] {
  return (textOption(args, 'n') ?? '10,25,50,100').split(',').map((text) => {
    const size = Number(text)
    if (!Number.isInteger(size) || size < 2)
      throw new UsageError(`--n takes whole numbers from 2, not "${text}"`)
    return size
  })
}

/** Design that --design names; `space-filling` is read as `spaceFilling`. @throws UsageError */
export function designOf(args: CliArguments): CalibrationDesign {
  const text = textOption(args, 'design') ?? 'random'
  const plain = text.replace(/[-_]/g, '').toLowerCase()
  const found = calibrationDesigns.find((design) => design.toLowerCase() === plain)
  if (found === undefined)
    throw new UsageError(`--design is one of ${calibrationDesigns.join(', ')}, not "${text}"`)
  return found
}

/** `{methods: {NAME: {"25": {totalMape, …}}}, chosen: {"25": NAME}}`. */
export function transferJson(curve: StageTransferCurve, sizes: readonly number[], seeds: number) {
  const methods: Record<string, Record<string, unknown>> = {}
  for (const { method, n, ...errors } of curve.points) (methods[method] ??= {})[n] = errors
  return { methods, chosen: curve.chosen, n: sizes, seeds }
}

/** Returns a transfer curve as a table. */
export function transferText({ points, chosen }: StageTransferCurve): string {
  const lines = [`${'method'.padEnd(36)} ${'n'.padStart(4)}  total MAPE         stage MAPE   MAE ms   P95 ms`]
  for (const point of points) {
    const title = point.method === 'auto' ? 'Chosen by leave-one-out' : methodTitles[point.method]
    lines.push(
      `${title.padEnd(36)} ${String(point.n).padStart(4)}  ` +
        `${`${formatPercentValue(point.totalMape, 2)} ± ${point.totalDeviation.toFixed(2)}`.padEnd(18)} ` +
        `${formatPercentValue(point.operatorMape, 2).padEnd(12)} ${point.totalMaeMs.toFixed(3).padEnd(8)} ${point.totalP95Ms.toFixed(3)}`
    )
  }
  for (const [n, method] of Object.entries(chosen))
    lines.push(`With ${n} configurations: ${methodTitles[method]}`)
  return lines.join('\n')
}
