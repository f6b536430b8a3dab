import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { countOf } from '../../shared/units'
import type { DataFormat, DataSetRequest } from '../../shared/contract/dataset'
import { audioItems, type AudioFeatures } from '../../core/dataset/audio/features'
import { invalidData } from '../../core/dataset/byteStream'
import { badItem, goodItem, type GoodItem, type ReadItem } from '../../core/dataset/item'
import { splitCsvLine } from '../../core/dataset/readCsv'
import { placeOfSplit, unplaced } from '../../core/dataset/splitNames'
import { readWav } from '../../core/dataset/readWav'
import { readRegularFile } from '../files/readRegularFile'
import { fileLines } from './byteStreams'
import { filesBelow } from './folders'
import { pictureEndings, readPicture } from './pictures'
import type { ItemSource } from './itemSource'

type Known = Pick<GoodItem, 'label' | 'split' | 'origin'>
const maxSoundBytes = 1 << 30
const maxManifestBytes = 256 * 2 ** 20

/** Class and split by where a file lies: [split/]class/…/file. */
function knownByPlace(name: string): Known {
  const folders = name.split('/').slice(0, -1)
  // Folders of a split hold those of its classes.
  const place = placeOfSplit(folders[0] ?? '')
  const label = (place === null ? folders[0] : folders[1]) ?? null
  return { ...(place ?? unplaced), label }
}

/** Opens a folder of pictures; their folders name split and class. */
export async function openImages(request: DataSetRequest): Promise<ItemSource> {
  const files: { file: string; name: string; isRegular: boolean }[] = []
  const others: string[] = []
  for await (const found of filesBelow(request.path)) {
    if (pictureEndings.includes(path.extname(found.name).toLowerCase())) files.push(found)
    else others.push(found.name)
  }
  const notes = [...unreadNote(others, 'PNG, JPEG or BMP'), ...(await emptyNote(request.path, files))]
  const source = folderSource('images', files.length, null, async function* () {
    const decode = createDecoder(request, notes)
    for (const { file, name, isRegular } of files) {
      yield isRegular ? await decode(file, name, knownByPlace(name)) : badItem(name, 'it is no regular file')
    }
    decode.end()
  })
  return { ...source, notes }
}

/** What is said of files that are passed over, by their endings; nothing of none. */
function unreadNote(names: readonly string[], read: string): string[] {
  if (names.length === 0) return []
  const endings = [...new Set(names.map((name) => path.extname(name).toLowerCase() || 'no ending'))].sort()
  const named = endings.slice(0, 5).join(', ') + (endings.length > 5 ? ', …' : '')
  return [
    `${countOf(names.length, 'file')} (${named}) ${names.length === 1 ? 'was' : 'were'} passed over: only ${read} is read.`
  ]
}

/** What is said of folders at the top that hold nothing that is read: a class that is lost. */
async function emptyNote(root: string, files: readonly { name: string }[]): Promise<string[]> {
  const used = new Set(files.map(({ name }) => name.split('/')[0]))
  const entries = await readdir(root, { withFileTypes: true })
  const empty = entries.flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith('.') && !used.has(entry.name) ? [entry.name] : []
  )
  if (empty.length === 0) return []
  const named = empty
    .sort()
    .slice(0, 5)
    .map((name) => `"${name}"`)
    .join(', ')
  return [`${countOf(empty.length, 'folder')} without pictures: ${named}${empty.length > 5 ? ', …' : ''}.`]
}

/** Pictures of one set all get the channels of the first one; `end` notes what that changed. */
function createDecoder(request: DataSetRequest, notes: string[]) {
  let channels: 1 | 3 | null = request.preparation.grey ? 1 : null
  let greyed = 0
  const decode = async (file: string, name: string, known: Known): Promise<ReadItem> => {
    try {
      const picture = await readPicture(file, channels)
      if (picture.isColour && channels === 1) greyed++
      channels ??= picture.channels
      return goodItem(name, picture.pixels, [picture.height, picture.width, picture.channels], known)
    } catch (reason) {
      return badItem(name, reasonOf(reason, file))
    }
  }
  const end = (): void => {
    if (greyed > 0 && !request.preparation.grey)
      notes.push(
        `The first picture is grey, so ${countOf(greyed, 'picture')} in colour ${greyed === 1 ? 'was' : 'were'} made grey too. Begin with a picture in colour to keep colours.`
      )
  }
  return Object.assign(decode, { end })
}

/** Opens a folder of WAV files as features; their folders or names give split and class. */
export async function openSounds(request: DataSetRequest, features: AudioFeatures): Promise<ItemSource> {
  const files: { file: string; name: string; isRegular: boolean }[] = []
  for await (const found of filesBelow(request.path)) if (/\.wav$/i.test(found.name)) files.push(found)
  const lists = await speechLists(request.path)
  const notes: string[] = []
  const lengths = createLengths(features)
  const source = folderSource('wav', files.length, features, async function* () {
    for (const { file, name, isRegular } of files) {
      const place = knownByPlace(name)
      // Recordings of machines lie in one folder and carry the class in their names.
      const label = place.label ?? /^(normal|anomaly)/.exec(path.basename(name))?.[1] ?? null
      const known = { ...place, label, split: lists.get(name) ?? place.split }
      if (isRegular) yield* soundItems(file, name, known, features, lengths)
      else yield badItem(name, 'it is no regular file')
    }
    notes.push(...lengths.note())
  })
  return { ...source, notes }
}

/** Counts the sounds that are longer than an item and lose their end. */
function createLengths({ samples, rateHz }: AudioFeatures) {
  let cut = 0
  return {
    add(length: number): void {
      if (samples > 0 && length > samples) cut++
    },
    note: (): string[] =>
      cut === 0
        ? []
        : [`${countOf(cut, 'sound')} longer than ${samples / rateHz} s: what comes later is not read.`]
  }
}

/** The lists of Google's Speech Commands: their files are test and search, everything else is training. */
async function speechLists(folder: string): Promise<Map<string, 'test' | 'search'>> {
  const lists = new Map<string, 'test' | 'search'>()
  for (const [name, split] of [
    ['testing_list.txt', 'test'],
    ['validation_list.txt', 'search']
  ] as const) {
    const file = path.join(folder, name)
    if (!existsSync(file)) continue
    for await (const line of fileLines(file)) if (line.trim() !== '') lists.set(line.trim(), split)
  }
  return lists
}

async function* soundItems(
  file: string,
  name: string,
  known: Known,
  features: AudioFeatures,
  lengths: ReturnType<typeof createLengths>
): AsyncGenerator<ReadItem> {
  try {
    const sound = readWav(await readRegularFile(file, { maxBytes: maxSoundBytes }), file)
    const items = audioItems(sound, features, file)
    lengths.add(sound.samples.length)
    if (items.length === 0) yield badItem(name, 'it is shorter than one item')
    for (const [at, { values, shape }] of items.entries()) {
      yield goodItem(items.length === 1 ? name : `${name} frame ${at}`, values, shape, known)
    }
  } catch (reason) {
    yield badItem(name, reasonOf(reason, file))
  }
}

/**
 * A folder with manifest.csv (columns file, label, split) or manifest.json (a list of {file, label, split}); pictures
 * and sounds. Split "train" leaves the choice between calibration, tune and search to the draw.
 */
export async function openManifest(request: DataSetRequest, features: AudioFeatures): Promise<ItemSource> {
  const rows = await manifestRows(request.path)
  const hasSounds = rows.some(({ file }) => /\.wav$/i.test(file))
  const notes: string[] = []
  const lengths = createLengths(features)
  const source = folderSource('manifest', rows.length, hasSounds ? features : null, async function* () {
    const decode = createDecoder(request, notes)
    for (const row of rows) {
      const file = path.resolve(request.path, row.file)
      const inside = path.relative(request.path, file)
      const split = row.split ?? ''
      const place = split === '' ? unplaced : placeOfSplit(split)
      if (inside.startsWith('..') || path.isAbsolute(inside))
        yield badItem(row.file, 'it lies outside the folder')
      else if (place === null) yield badItem(row.file, `"${split}" is no split`)
      else {
        const known: Known = { label: row.label === '' ? null : row.label, ...place }
        if (/\.wav$/i.test(row.file)) yield* soundItems(file, row.file, known, features, lengths)
        else yield await decode(file, row.file, known)
      }
    }
    decode.end()
    notes.push(...lengths.note())
  })
  return { ...source, notes }
}

interface ManifestRow {
  readonly file: string
  readonly label: string | number | null
  readonly split: string | null
}

async function manifestRows(folder: string): Promise<ManifestRow[]> {
  const json = path.join(folder, 'manifest.json')
  if (existsSync(json)) {
    const text = new TextDecoder().decode(await readRegularFile(json, { maxBytes: maxManifestBytes }))
    return jsonRows(text, json)
  }
  const file = path.join(folder, 'manifest.csv')
  const rows: ManifestRow[] = []
  let columns: { file: number; label: number; split: number } | null = null
  for await (const line of fileLines(file)) {
    if (line.trim() === '') continue
    const cells = splitCsvLine(line.replace('\uFEFF', ''), ',').map((cell) => cell.trim())
    if (columns === null) {
      columns = { file: cells.indexOf('file'), label: cells.indexOf('label'), split: cells.indexOf('split') }
      if (columns.file < 0)
        throw invalidData(file, 'it has no column "file"', 'Its first line is: file,label,split')
      continue
    }
    rows.push({
      file: cells[columns.file] ?? '',
      label: cells[columns.label] ?? null,
      split: cells[columns.split] ?? null
    })
  }
  return rows
}

function jsonRows(text: string, file: string): ManifestRow[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalidData(file, 'it is not JSON')
  }
  const list: unknown = Array.isArray(parsed) ? parsed : (parsed as { items?: unknown } | null)?.items
  if (!Array.isArray(list))
    throw invalidData(file, 'it is no list', 'Write [{"file": …, "label": …, "split": …}].')
  return list.map((entry: unknown, at) => {
    const row = entry as { file?: unknown; label?: unknown; split?: unknown } | null
    if (typeof row?.file !== 'string') throw invalidData(file, `entry ${at} names no file`)
    return {
      file: row.file,
      label: typeof row.label === 'string' || typeof row.label === 'number' ? row.label : null,
      split: typeof row.split === 'string' ? row.split : null
    }
  })
}

function folderSource(
  format: DataFormat,
  total: number,
  audio: AudioFeatures | null,
  items: () => AsyncGenerator<ReadItem>
): ItemSource {
  return { format, total, classNames: null, audio, items }
}

/** The reason alone: the item's name stands beside it. */
function reasonOf(reason: unknown, file: string): string {
  const message = AppError.from(reason).message
  return message.replace(`${file}: `, '').replace(/\.$/, '')
}
