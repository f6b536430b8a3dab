import { countOf } from '../../shared/units'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import type { DataSetInfo, DataSetRequest } from '../../shared/contract/dataset'
import { badItem, elementOf, type GoodItem, type ReadItem } from '../../core/dataset/item'
import { imageSplits, type Task, type ElementType } from '../../shared/vocabulary'
import { anomalyLabels, createLabelBook, type ClassList } from '../../core/dataset/labels'
import { requireChannels } from '../../core/dataset/inputFormat'
import { prepareItem } from '../../core/dataset/prepare'
import type { ShapeHwc } from '../../core/kernel/shape'
import { textVocabulary } from '../../core/dataset/readText'
import { drawSplits, findLeaks, originCodes } from '../../core/dataset/splits'
import type { TaskContext } from '../threads/task'
import { storedFiles } from '../store/storedItems'
import { createItemWriter } from './itemWriter'
import type { ItemSource } from './itemSource'

/** Names of left-out items that are kept; all are counted. */
const maxNamed = 50
const itemsPerProgress = 64

/** What is kept of each item in memory while the set is read: about 40 bytes. */
interface Gathered {
  element: ElementType | null
  shape: ShapeHwc | null
  targetWidth: number
  low: number
  high: number
  readonly labels: number[]
  readonly given: number[]
  readonly origins: number[]
  readonly skipped: { name: string; reason: string }[]
  skippedCount: number
}

/**
 * Reads a source into a folder, one item at a time. A record is written last: a folder without one was interrupted.
 * @throws AppError data.invalid when no item can be used or the task does not fit the labels
 */
export async function ingest(
  source: ItemSource,
  request: DataSetRequest,
  folder: string,
  createdAtMs: number,
  context: TaskContext
): Promise<DataSetInfo> {
  const gathered: Gathered = {
    element: null,
    shape: null,
    targetWidth: 0,
    low: Infinity,
    high: -Infinity,
    labels: [],
    given: [],
    origins: [],
    skipped: [],
    skippedCount: 0
  }
  const book = createLabelBook()
  const { normalise } = request.preparation
  const writer = await createItemWriter(folder)
  try {
    // Items read and left out; one bad item may stand for all that a file's end lacks.
    let [seen, told] = [0, 0]
    for await (const read of source.items()) {
      const item = read.kind === 'bad' ? read : prepared(read, request, gathered)
      if (item.kind === 'bad') {
        gathered.skippedCount += item.items
        if (gathered.skipped.length < maxNamed)
          gathered.skipped.push({ name: item.name, reason: item.reason })
      } else {
        // All items have the shape of the first.
        if (normalise !== null && gathered.labels.length === 0) requireChannels(normalise, gathered.shape![2])
        await writer.add(item.name, item.values, item.target)
        remember(item, gathered)
        gathered.labels.push(book.add(item.label))
      }
      seen += item.kind === 'bad' ? item.items : 1
      if (seen - told >= itemsPerProgress) {
        told = seen
        context.progress(seen, source.total ?? 0, `${gathered.skippedCount} left out`)
        await context.yieldToAbort()
      }
    }
    context.progress(seen, seen, `${gathered.skippedCount} left out`)
  } finally {
    await writer.close()
  }
  if (gathered.element === null) throw nothingUsable(request, gathered)
  const task = taskOf(request, source, gathered)
  const classes = book.classes({
    names: task === 'nextToken' ? null : source.classNames,
    atLeast: task === 'nextToken' ? textVocabulary : request.classes,
    order: task === 'nextToken' ? null : request.classNames
  })
  const numbers = await writeClasses(folder, task, classes, gathered)
  return await finish(
    source,
    request,
    folder,
    createdAtMs,
    gathered,
    task,
    classes.names,
    numbers,
    writer.keys
  )
}

/** Geometry applied and checked against the first item. */
function prepared(item: GoodItem, request: DataSetRequest, gathered: Gathered): ReadItem {
  const bad = (reason: string): ReadItem => badItem(item.name, reason)
  try {
    const { values, shape } = prepareItem(item.values, item.shape, request.preparation)
    const element = elementOf(values)
    if (gathered.element === null) {
      gathered.element = element
      gathered.shape = shape
      gathered.targetWidth = item.target?.length ?? 0
    }
    if (shape.join() !== gathered.shape!.join()) {
      return bad(
        `it is ${shape.join(' x ')} where the first is ${gathered.shape!.join(' x ')}; a size would make them equal`
      )
    }
    if (element !== gathered.element) return bad(`its values are ${element}, the first's ${gathered.element}`)
    if ((item.target?.length ?? 0) !== gathered.targetWidth) return bad('it has another number of targets')
    return { ...item, values }
  } catch (reason) {
    return bad(AppError.from(reason).message)
  }
}

function remember(item: GoodItem, gathered: Gathered): void {
  for (const value of item.values) {
    if (value < gathered.low) gathered.low = value
    if (value > gathered.high) gathered.high = value
  }
  gathered.given.push(item.split === null ? -1 : imageSplits.indexOf(item.split))
  gathered.origins.push(item.origin === null ? 0 : originCodes[item.origin])
}

function nothingUsable(request: DataSetRequest, { skippedCount, skipped }: Gathered): AppError {
  const first = skipped[0]
  return new AppError(
    'data.invalid',
    skippedCount === 0
      ? `${request.path} holds no items.`
      : `None of the ${countOf(skippedCount, 'item')} of ${request.path} can be used.`,
    first === undefined ? 'Check the path and the format.' : `The first: ${first.name}: ${first.reason}.`,
    { details: { skipped: skipped.slice(0, 10) } }
  )
}

function taskOf(request: DataSetRequest, source: ItemSource, { labels, targetWidth }: Gathered): Task {
  const labelled = labels.filter((label) => label >= 0).length
  const natural =
    source.format === 'text'
      ? 'nextToken'
      : source.audio?.kind === 'logMel' && labelled > 0
        ? 'reconstruction'
        : targetWidth > 0
          ? 'regression'
          : labelled > 0
            ? 'classification'
            : 'unlabelled'
  const task = request.task ?? natural
  const fail = (why: string, hint: string): never => {
    throw new AppError('data.invalid', `Task ${task}: ${why}.`, hint)
  }
  if (task === 'regression' && targetWidth === 0)
    fail('the files hold no numbers to predict', 'Name them with --target COLUMN, or as y in an NPZ.')
  if (task === 'nextToken' && source.format !== 'text') fail('items are no text', 'Give a .txt file.')
  if ((task === 'classification' || task === 'reconstruction') && labelled < labels.length) {
    fail(
      labelled === 0
        ? 'the files hold no labels'
        : `${labels.length - labelled} of ${countOf(labels.length, 'item')} have no label`,
      'Put items into one folder per class, name the label column, or use --task unlabelled.'
    )
  }
  return task
}

/** Writes targets.bin for classes, and returns the class of each item for drawing splits. */
async function writeClasses(
  folder: string,
  task: Task,
  { names, classOf }: ClassList,
  gathered: Gathered
): Promise<Int32Array> {
  const numbers = Int32Array.from(gathered.labels, (label) => (label < 0 ? -1 : classOf[label]))
  if (task === 'regression') return numbers
  const isLabelled = task !== 'unlabelled'
  const anomaly = task === 'reconstruction' ? anomalyLabels(names) : null
  const values = isLabelled
    ? Float32Array.from(numbers, (number) => anomaly?.[number] ?? number)
    : new Float32Array(0)
  await writeFile(path.join(folder, storedFiles.targets), values)
  return numbers
}

async function finish(
  source: ItemSource,
  request: DataSetRequest,
  folder: string,
  createdAtMs: number,
  gathered: Gathered,
  task: Task,
  names: readonly string[],
  numbers: Int32Array,
  keys: readonly string[]
): Promise<DataSetInfo> {
  const hasClasses = task === 'classification' || task === 'reconstruction'
  const basis = {
    classes: hasClasses ? numbers : new Int32Array(numbers.length),
    given: Int8Array.from(gathered.given),
    origins: Uint8Array.from(gathered.origins)
  }
  const splits = drawSplits(basis, request.shares, request.seed)
  const order = Int32Array.from(imageSplits.flatMap((name) => [...splits.get(name)!]))
  await writeFile(path.join(folder, storedFiles.order), order)
  const info: DataSetInfo = {
    id: await contentId(
      folder,
      [task, gathered.element, gathered.shape, request.preparation, names],
      keys,
      order
    ),
    name: request.name,
    request,
    format: source.format,
    task,
    element: gathered.element!,
    shape: [...gathered.shape!] as [number, number, number],
    items: keys.length,
    range: { low: gathered.low, high: gathered.high },
    classes: task === 'nextToken' || hasClasses ? [...names] : [],
    targetWidth: task === 'regression' ? gathered.targetWidth : task === 'unlabelled' ? 0 : 1,
    splits: imageSplits.map((split) => ({
      split,
      items: splits.get(split)!.length,
      histogram: hasClasses ? histogramOf(splits.get(split)!, numbers, names.length) : []
    })),
    skipped: { count: gathered.skippedCount, first: gathered.skipped },
    leaks: await namedLeaks(folder, keys, splits),
    notes: [...(source.notes ?? []), ...layoutNote(source.format, request, gathered.shape!)],
    audio: source.audio,
    sizeBytes:
      keys.length *
      gathered.shape!.reduce((product, side) => product * side, 1) *
      (gathered.element === 'f32' ? 4 : 1),
    createdAtMs,
    problem: null
  }
  await writeFile(path.join(folder, storedFiles.record), JSON.stringify(info, null, 1))
  return info
}

/** Says how arrays were read that seem to have their channels first: no file format states the order, and the wrong one mixes pixels. */
function layoutNote(
  format: ItemSource['format'],
  { preparation: { layout, size } }: DataSetRequest,
  [height, width, channels]: readonly number[]
): string[] {
  const isArray = format === 'npy' || format === 'npz'
  const few = 4
  if (!isArray || layout === 'chw' || size !== null || height > few || width <= few || channels <= few)
    return []
  return [
    `Read as ${height} rows of ${width} with ${channels} channels. If the ${height} are the channels, add the set again with --layout chw.`
  ]
}

/** Names the content of a set: what it was made to, its items by their keys, its targets and their order. */
async function contentId(
  folder: string,
  made: readonly unknown[],
  keys: readonly string[],
  order: Int32Array
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(made))
  for (const key of keys) hash.update(key)
  hash.update(await readFile(path.join(folder, storedFiles.targets))).update(order)
  return hash.digest('hex').slice(0, 16)
}

/** Items that two splits share, by their names. */
async function namedLeaks(
  folder: string,
  keys: readonly string[],
  splits: ReturnType<typeof drawSplits>
): Promise<DataSetInfo['leaks']> {
  const leaks = findLeaks(keys, splits)
  const names = (await readFile(path.join(folder, storedFiles.names), 'utf8')).split('\n')
  return {
    items: leaks.items,
    pairs: leaks.pairs.map(({ items: [a, b], splits: [one, other] }) => ({
      names: [names[a] ?? '', names[b] ?? ''],
      splits: [one, other]
    }))
  }
}

function histogramOf(items: Int32Array, numbers: Int32Array, classes: number): number[] {
  const histogram = new Array<number>(classes).fill(0)
  for (const item of items) histogram[numbers[item]]++
  return histogram
}
