import { AppError } from '../../shared/errors'
import { groupsOfThree, nextCell, plainFormat, type NumberFormat } from './cells'
import { isComment, lineEnd, type Layout } from './layout'

type Mark = '.' | ','

/** The rows of a table as text, from `end` on, and the code of the sign between cells. */
type TableText = Pick<Layout, 'text' | 'end' | 'delimiter'>

/** What the cells of one column look like, for one mark. */
interface MarkUse {
  /** Cells in which the mark stands. */
  marked: number
  /** Of these, cells in which every mark is followed by exactly three digits and none by a leading zero. */
  grouped: number
  /** Of these, cells in which it stands more than once. */
  repeated: number
  /** Of these, cells with zeros alone behind it: 8.000. */
  zeros: number
}

interface ColumnUse {
  '.': MarkUse
  ',': MarkUse
  /** The mark that comes last in cells that hold both: the decimal one. */
  lastOfBoth: Mark | null
  /** Largest whole number without any mark; 0 without one. */
  plainMax: number
  plain: number
}

const newUse = (): MarkUse => ({ marked: 0, grouped: 0, repeated: 0, zeros: 0 })

/**
 * How the numbers of a table are written, judged over whole columns. One format when only one reading is possible;
 * two, the likelier first, when `27.648` may be a fraction as well as 27,648.
 *
 * @param whole per column of the file: true for columns that hold whole numbers alone
 */
export function numberFormats(
  layout: TableText,
  numeric: ReadonlyMap<number, { whole: boolean }>
): NumberFormat[] {
  const uses = new Map([...numeric.keys()].map((column) => [column, surveyed()]))
  const { text } = layout
  const lastLine = text.lastIndexOf('\n') + 1
  // A last line without an end may have been cut inside a number: it decides only where no other row holds a mark.
  survey(layout, uses, layout.end, lastLine)
  if ([...uses.values()].every((use) => use['.'].marked + use[','].marked === 0))
    survey(layout, uses, Math.max(lastLine, layout.end), text.length)
  const verdicts = [...uses].flatMap(([column, use]) =>
    (['.', ','] as const).map((mark) => ({ mark, verdict: verdictOf(use, mark, numeric.get(column)!.whole) }))
  )
  const has = (mark: Mark, verdict: Verdict): boolean =>
    verdicts.some((entry) => entry.mark === mark && entry.verdict === verdict)
  const mayGroup = (mark: Mark): boolean => has(mark, 'thousands') || has(mark, 'likely') || has(mark, 'open')
  const pointDecimal: NumberFormat = { decimal: '.', thousands: mayGroup(',') ? ',' : null }
  const commaDecimal: NumberFormat = { decimal: ',', thousands: mayGroup('.') ? '.' : null }
  if (has(',', 'decimal') || has('.', 'thousands')) return [commaDecimal]
  if (has('.', 'decimal') || has(',', 'thousands')) return [pointDecimal]
  // Only habits decide from here on: one of both marks alone is accepted.
  if (has(',', 'likely')) return has('.', 'likely') ? [commaDecimal, pointDecimal] : [commaDecimal]
  if (has('.', 'likely'))
    return has(',', 'open') ? [pointDecimal, commaDecimal] : [{ ...pointDecimal, isHabit: true }]
  if (has('.', 'open')) return [plainFormat, commaDecimal]
  if (has(',', 'open')) return [commaDecimal, pointDecimal]
  return [plainFormat]
}

/** What one column says of a mark; `likely`: decimal by habit, which other columns may contradict. */
type Verdict = 'unused' | 'decimal' | 'likely' | 'thousands' | 'open'

function verdictOf(use: ColumnUse, mark: Mark, whole: boolean): Verdict {
  const { marked, grouped, repeated, zeros } = use[mark]
  if (marked === 0) return 'unused'
  if (use.lastOfBoth !== null) return use.lastOfBoth === mark ? 'decimal' : 'thousands'
  if (repeated > 0) return grouped === marked ? 'thousands' : 'decimal'
  // 8.0, 27.65, 0.636: no group of thousands looks like this.
  if (grouped < marked) return 'decimal'
  // 8.000 is how %.3f writes a whole number; alone it may be 8,000 as well.
  if (whole && zeros === marked && use.plain === 0) return 'open'
  if (whole) return 'thousands'
  // A number of four digits without a mark would have got one, were it a mark of thousands.
  if (use.plainMax >= 1000) return 'likely'
  // Three digits behind every point are what %.3f writes.
  if (use.plain === 0 && mark === '.') return 'likely'
  return 'open'
}

const surveyed = (): ColumnUse => ({ '.': newUse(), ',': newUse(), lastOfBoth: null, plainMax: 0, plain: 0 })

/** Looks at the rows that begin in [from, to). */
function survey(layout: TableText, uses: ReadonlyMap<number, ColumnUse>, from: number, to: number): void {
  const { text, delimiter } = layout
  for (let at = from; at < to;) {
    if (isComment(text, at)) {
      at = lineEnd(text, at) + 1
      continue
    }
    for (let column = 0, last = false; !last; column++) {
      const cell = nextCell(text, at, delimiter)
      const use = uses.get(column)
      if (use !== undefined) surveyCell(text, cell.start, cell.end, use)
      at = cell.next
      last = cell.last
    }
  }
}

function surveyCell(text: string, start: number, end: number, use: ColumnUse): void {
  let dots = 0
  let commas = 0
  let last: Mark | null = null
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 46) dots++
    else if (code === 44) commas++
    else continue
    last = code === 46 ? '.' : ','
  }
  if (last === null) {
    const value = Number(text.slice(start, end))
    if (end > start && Number.isFinite(value)) {
      use.plain++
      if (value > use.plainMax) use.plainMax = value
    }
    return
  }
  if (dots > 0 && commas > 0) use.lastOfBoth = last
  const content = text.slice(start, end).trim()
  for (const [mark, count] of [
    ['.', dots],
    [',', commas]
  ] as const) {
    if (count === 0) continue
    const seen = use[mark]
    seen.marked++
    if (count > 1) seen.repeated++
    if (/[.,]0+$/.test(content)) seen.zeros++
    // The column of a cell that holds both marks is judged by their order; no fraction is counted here.
    if (groupsOfThree[mark].test(content)) seen.grouped++
  }
}

/** A number in one way of writing or another: `27.648`, `1.234,5`, `1'234`; no version as 0.8.0. */
const markedNumber =
  /^[+-]?(\d+([.,]\d+)?|\d{1,3}([.,]\d{3})+([.,]\d+)?|[1-9]\d{0,2}([ \u00a0\u2009\u202f'\u2019]\d{3})+([.,]\d+)?)$/

/** Whether a cell is a number in any way of writing without an exponent. */
export const isMarkedNumber = (cell: string): boolean => markedNumber.test(cell.trim())

const comma = 44

/**
 * The format of a table whose numbers say nothing beyond how they are written.
 * @param otherwise whether three digits behind every point are taken as a fraction, and what a person can do where nothing decides
 * @throws AppError data.invalid where `27.648` may be a fraction as well as 27648
 */
export function onlyFormat(
  formats: readonly NumberFormat[],
  delimiter: number,
  fileName: string,
  otherwise: { readonly isHabitTaken: boolean; readonly hint: string }
): NumberFormat {
  // Where commas separate the cells, the point is the decimal mark.
  if (delimiter === comma && formats[0].decimal === '.') return formats[0]
  if (formats.length === 1 && (otherwise.isHabitTaken || formats[0].isHabit !== true)) return formats[0]
  const mark = formats.some(({ thousands, isHabit }) => thousands === '.' || isHabit) ? '.' : ','
  throw new AppError(
    'data.invalid',
    `${fileName}: "${mark}" in its numbers may be a decimal mark or a mark of thousands.`,
    otherwise.hint,
    { details: { file: fileName, mark } }
  )
}
