import { AppError } from '../../../shared/errors'

/** One item of an MLPerf Tiny test set: a file of the bytes that the device is sent, and its class. */
export interface TruthItem {
  readonly file: string
  readonly classes: number
  readonly label: number
  /** Inputs of so many bytes each, the next one so many bytes further on; absent: the file is one input. */
  readonly segments?: { readonly bytes: number; readonly stride: number }
}

/** The inputs of an item's file, in order; bytes behind the last whole one are left out. */
export function inputsOf({ segments }: TruthItem, bytes: Uint8Array): Uint8Array[] {
  if (segments === undefined) return [bytes]
  const count = Math.max(0, Math.floor((bytes.length - segments.bytes) / segments.stride) + 1)
  return Array.from({ length: count }, (_, at) =>
    bytes.subarray(at * segments.stride, at * segments.stride + segments.bytes)
  )
}

/**
 * The truth file of an MLPerf Tiny test set (`y_labels.csv`): `file,classes,class` a line, no header; of sounds also
 * `bytes,stride`: inputs of so many bytes that lie so far apart in the file.
 *
 * @throws data.invalid naming the line
 */
export function readTruthFile(text: string): TruthItem[] {
  const items: TruthItem[] = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [file = '', classes = '', label = '', bytes = '', stride = ''] = line
      .split(',')
      .map((cell) => cell.trim())
    const own = { file, classes: wholeNumber(classes), label: wholeNumber(label) }
    const segments = { bytes: wholeNumber(bytes), stride: wholeNumber(stride) }
    const isWhole = bytes === '' && stride === ''
    const item = isWhole ? own : { ...own, segments }
    if (!isWhole && !(segments.bytes > 0 && segments.stride > 0)) throw notTruth(at + 1, line)
    // A name is joined to the folder: no other folder can be meant.
    if (file === '' || /[/\\]/.test(file) || !(item.classes >= 2) || !(item.label < item.classes))
      throw notTruth(at + 1, line)
    items.push(item)
  }
  if (items.length === 0) throw notTruth(1, text)
  return items
}

/** NaN, which fails every comparison, where the text is no whole number. */
function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : NaN
}

function notTruth(line: number, text: string): AppError {
  return new AppError(
    'data.invalid',
    `Line ${line} of the truth file is not "file,classes,class" or "file,classes,class,bytes,stride": "${text.slice(0, 60)}".`,
    'A line names a file in the same folder, how many classes there are (2 or more) and the class from 0; bytes and stride where a file holds several inputs.'
  )
}
