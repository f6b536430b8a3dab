import { AppError } from '../../../shared/errors'

/** One item of an MLPerf Tiny test set: a file of the bytes that the device is sent, and its class. */
export interface TruthItem {
  readonly file: string
  readonly classes: number
  readonly label: number
}

/**
 * The truth file of an MLPerf Tiny test set (`y_labels.csv`): `file,classes,class` a line, no header.
 *
 * @throws data.invalid naming the line
 */
export function readTruthFile(text: string): TruthItem[] {
  const items: TruthItem[] = []
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [file = '', classes = '', label = ''] = line.split(',').map((cell) => cell.trim())
    const item = { file, classes: wholeNumber(classes), label: wholeNumber(label) }
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
    `Line ${line} of the truth file is not "file,classes,class": "${text.slice(0, 60)}".`,
    'A line names a file in the same folder, how many classes there are (2 or more) and the class from 0.'
  )
}
