import { orderedShape } from '../../shared/text/orderedShape'
import path from 'node:path'
import {
  dataFormatSchema,
  taskSchema,
  type DataSetInfo,
  type Preparation
} from '../../shared/contract/dataset'
import { parseFractions, parseShares } from '../../shared/text/fractions'
import { countOf, formatBytes, formatWhole } from '../../shared/units'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliNoun,
  type OptionSpec
} from './framework/framework'
import { clientOf, createProgressLine } from './framework/localClient'

const addOptions: OptionSpec = {
  name: { type: 'string', help: 'name of the set' },
  task: { type: 'string', help: `${taskSchema.options.join(', ')}; without: decided by the labels` },
  format: { type: 'string', help: `${dataFormatSchema.options.join(', ')}; without: decided by the files` },
  size: { type: 'string', help: 'HxW: pictures are made this large' },
  crop: { type: 'boolean', help: 'cut the middle to these proportions instead of stretching' },
  grey: { type: 'boolean', help: 'one channel' },
  layout: { type: 'string', help: 'hwc or chw: order of the axes in arrays', default: 'hwc' },
  scale: {
    type: 'string',
    help: "x = (value * scale - mean) / std, for instance 1/255; without these three, bytes are scaled as the network's file says, else by 1/255"
  },
  mean: { type: 'string', help: 'one number, or one per channel separated by commas' },
  std: { type: 'string', help: 'one number, or one per channel separated by commas' },
  label: { type: 'string', help: 'CSV: name of the class column' },
  target: { type: 'string', help: 'CSV: names of the columns to predict, separated by commas' },
  ignore: { type: 'string', help: 'CSV: names of columns that are not used, separated by commas' },
  classes: {
    type: 'string',
    help: "names of all classes in the order of the network's outputs, separated by commas, or their number (default: sorted by name)"
  },
  context: { type: 'string', help: 'text: bytes per item', default: '64' },
  features: { type: 'string', help: 'WAV: mfcc (keywords) or logMel (machines)', default: 'mfcc' },
  splits: {
    type: 'string',
    help: 'shares of calibration,tune,search; the rest is test',
    default: '0.1,0.1,0.3'
  },
  seed: { type: 'string', help: 'seed of the draw of splits', default: '1' }
}

/** Classes by name, or how many there are. */
function classesOf(args: CliArguments): { classes: number | null; classNames: string[] | null } {
  const given = textOption(args, 'classes')
  if (given?.includes(',') === true)
    return { classes: null, classNames: given.split(',').map((name) => name.trim()) }
  return {
    classes: numberOption(args, 'classes', { min: 2, max: 100_000, integer: true }) ?? null,
    classNames: null
  }
}

/** `bitbench dataset`: the user's own items. */
export const datasetCli: CliNoun = {
  noun: 'dataset',
  verbs: {
    add: {
      summary:
        'Reads a file or folder: pictures by class, IDX, NPZ, NPY, CSV, CIFAR binary, WAV, text, manifest.',
      usage:
        'PATH --name N [--task T] [--size HxW] [--grey] [--scale S --mean M --std D] [--label C | --target C,…]',
      options: addOptions,
      async run(args, context) {
        const [target] = onlyPositional(args, 'a file or folder')
        const name = textOption(args, 'name')
        if (name === undefined) throw new UsageError('--name N is needed')
        const shares = parseShares(textOption(args, 'splits') ?? '0.1,0.1,0.3')
        if (shares === null)
          throw new UsageError('--splits must be three shares from 0 to 1 that add up to at most 1')
        const preparation = preparationOf(args)
        const client = await clientOf(context)
        const { jobId } = await client.call('dataset.add', {
          path: path.resolve(context.cwd, target),
          name,
          task: choiceOption(args, 'task', taskSchema.options) ?? null,
          format: choiceOption(args, 'format', dataFormatSchema.options) ?? null,
          preparation,
          ...classesOf(args),
          labelColumn: textOption(args, 'label') ?? null,
          targetColumns: textOption(args, 'target')?.split(',') ?? [],
          ignoreColumns: textOption(args, 'ignore')?.split(',') ?? [],
          context: numberOption(args, 'context', { min: 1, max: 4096, integer: true }) ?? 64,
          features: choiceOption(args, 'features', ['mfcc', 'logMel']) ?? 'mfcc',
          shares,
          seed: numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
        })
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const { dataSet } = await client.call('dataset.info', { name })
        return { json: dataSet, text: describe(dataSet) }
      }
    },
    list: {
      summary: 'The data sets of this data folder.',
      usage: '',
      options: {},
      async run(_args, context) {
        const client = await clientOf(context)
        const { dataSets } = await client.call('dataset.list', {})
        const rows = dataSets.map(
          (set) =>
            `${set.name.padEnd(20)} ${set.task.padEnd(15)} ${orderedShape(set.shape, 'HWC', 'x').padEnd(18)} ${countOf(set.items, 'item')}, ${formatBytes(set.sizeBytes)}`
        )
        return { json: dataSets, text: rows.length === 0 ? 'There are no data sets yet.' : rows.join('\n') }
      }
    },
    info: {
      summary: 'Splits, classes, preparation, what was left out, equal items across splits.',
      usage: 'NAME',
      options: {},
      async run(args, context) {
        const [name] = onlyPositional(args, 'a data set')
        const client = await clientOf(context)
        const { dataSet } = await client.call('dataset.info', { name })
        return { json: dataSet, text: describe(dataSet) }
      }
    },
    remove: {
      summary: 'Deletes the copy in the data folder; your files stay.',
      usage: 'NAME',
      options: {},
      async run(args, context) {
        const [name] = onlyPositional(args, 'a data set')
        const client = await clientOf(context)
        await client.call('dataset.remove', { name })
        return { json: { removed: name }, text: `Removed ${name}.` }
      }
    }
  }
}

function onlyPositional(args: CliArguments, what: string): [string] {
  const [first, second] = args.positionals
  if (first === undefined) throw new UsageError(`name ${what}`)
  if (second !== undefined) throw new UsageError(`one at a time, not also "${second}"`)
  return [first]
}

function preparationOf(args: CliArguments): Preparation {
  const size = textOption(args, 'size')
  const sides = size === undefined ? null : /^(\d+)x(\d+)$/.exec(size)
  if (size !== undefined && sides === null)
    throw new UsageError(`--size must be HxW, for instance 32x32, not "${size}"`)
  const asked = ['scale', 'mean', 'std'].some((name) => textOption(args, name) !== undefined)
  const [scale, ...more] = numbersOption(args, 'scale', '1')
  if (more.length > 0) throw new UsageError('--scale must be one number: --std takes one per channel')
  return {
    layout: choiceOption(args, 'layout', ['hwc', 'chw']) ?? 'hwc',
    size: sides === null ? null : [Number(sides[1]), Number(sides[2])],
    fit: args.values['crop'] === true ? 'crop' : 'stretch',
    grey: args.values['grey'] === true,
    normalise: asked
      ? {
          scale,
          mean: numbersOption(args, 'mean', '0'),
          std: numbersOption(args, 'std', '1')
        }
      : null
  }
}

/** Numbers separated by commas; each may be a fraction such as 1/255. */
function numbersOption(args: CliArguments, name: string, fallback: string): number[] {
  const text = textOption(args, name) ?? fallback
  const values = parseFractions(text)
  if (values === null) throw new UsageError(`--${name} must be numbers, not "${text}"`)
  return values
}

/** How sounds became numbers, with the units of each parameter. */
function audioText(audio: NonNullable<DataSetInfo['audio']>): string {
  const { kind, rateHz, samples, frameLength, frameStep, melBins, lowHz, highHz } = audio
  const kept =
    kind === 'mfcc' ? `${audio.coefficients} MFCC of ${melBins} mel bands` : `${melBins} log-mel bands`
  const windows = `frames of ${frameLength} samples every ${frameStep}`
  return `${kept}, ${lowHz} to ${highHz} Hz, ${windows}, ${samples} samples at ${rateHz} Hz`
}

/** How values are prepared, in the words of the options of `dataset add`. */
function preparationText({ request, element }: DataSetInfo): string {
  const { size, fit, grey, normalise } = request.preparation
  const shown = (values: readonly number[]): string =>
    values.map((value) => Number(value.toPrecision(6))).join(',')
  const unprepared =
    element === 'u8' ? "bytes, scaled as the network's file says, else by 1/255" : 'as they are'
  return [
    `values: ${
      normalise === null
        ? unprepared
        : `(value * ${shown([normalise.scale])} - ${shown(normalise.mean)}) / ${shown(normalise.std)}`
    }`,
    ...(size === null ? [] : [`${fit === 'crop' ? 'cut' : 'stretched'} to ${size.join(' x ')}`]),
    ...(grey ? ['grey'] : [])
  ].join(', ')
}

function describe(set: DataSetInfo): string {
  const lines = [
    `${set.name}: ${countOf(set.items, 'item')} of ${orderedShape(set.shape, 'HWC', ' x ')}, ${set.element}, ${set.format}, ${set.task}, ${formatBytes(set.sizeBytes)}`,
    preparationText(set),
    ...set.splits.map(({ split, items }) => `  ${split.padEnd(12)} ${formatWhole(items)}`)
  ]
  if (set.classes.length > 0 && set.task !== 'nextToken') {
    lines.push(
      `classes: ${set.classes.slice(0, 12).join(', ')}${set.classes.length > 12 ? `, … (${set.classes.length})` : ''}`
    )
  }
  if (set.leaks.items > 0) {
    const [pair] = set.leaks.pairs
    lines.push(
      `EQUAL ITEMS ACROSS SPLITS: ${set.leaks.items}${pair === undefined ? '' : `, for instance ${pair.names[0]} (${pair.splits[0]}) and ${pair.names[1]} (${pair.splits[1]})`}`
    )
  }
  if (set.skipped.count > 0) {
    lines.push(`left out: ${set.skipped.count}`)
    for (const { name, reason } of set.skipped.first.slice(0, 10)) lines.push(`  ${name}: ${reason}`)
  }
  lines.push(...set.notes.map((note) => `note: ${note}`))
  if (set.audio !== null) lines.push(`sound: ${audioText(set.audio)}`)
  return lines.join('\n')
}
