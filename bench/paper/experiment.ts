import { readSearchTable, type SearchTable } from '../search/table'

/** A table of an experiment: what a row is, then numbers or texts by column. */
export interface ResultTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export interface Settings {
  readonly seeds: number
  readonly seed: number
  /** Of shortTraining: how many schemes are ranked, and how many images the longest retraining sees. */
  readonly schemes: number
  readonly longest: number
}

/** One experiment of the MiCo paper (arXiv 2508.09500). */
export interface Experiment {
  /** What is compared, in one line. */
  readonly question: string
  run(settings: Settings): Promise<ResultTable[]>
}

/** The space that was evaluated almost whole. @throws when it is not beside the repository */
export function searchTable(): SearchTable {
  const table = readSearchTable('../shared/data/search-table')
  if (table !== null) return table
  throw new Error('This experiment needs ../shared/data/search-table (lenet5-fashion.bin.gz and cost.json).')
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length

/** A table in Markdown, for docs/paper.md. */
export function markdown({ title, columns, rows }: ResultTable): string {
  const cell = (value: string | number | null): string =>
    value === null || (typeof value === 'number' && !Number.isFinite(value)) ? '–' : String(value)
  return [
    `### ${title}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    ''
  ].join('\n')
}
