import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSampleFiles } from '@main/proxy/proxyFiles'

/** The tables of ../shared/cases hold the same 432 measurements, each written in another way. */
const folder = path.resolve('../shared/cases')
const isThere = existsSync(folder)
if (!isThere) console.warn('skipped: ../shared/cases is not there, so tables of users are not read')

interface Case {
  /** Times are the plain ones times this. */
  factor: number
  /** Rows left out at the end. */
  cut?: number
  /** What is said about the file; null: nothing. */
  remark: RegExp | null
}
const cases: Readonly<Record<string, Case>> = {
  'csv-times-below-one-silently-floored.csv': { factor: 1e-5, remark: /no whole numbers.*--unit/ },
  'csv-thousands-dot-read-as-decimal.csv': {
    factor: 1,
    remark: /"\." in its numbers is read as a mark of thousands/
  },
  'csv-cut-inside-last-number.csv': {
    factor: 1,
    cut: 1,
    remark: /the row was cut while it was written, and is left out/
  },
  'csv-decimal-comma.csv': { factor: 1.25, remark: /no whole numbers/ },
  'csv-excel-sep-line.csv': { factor: 1, remark: null },
  'csv-comment-line-first.csv': { factor: 1, remark: null },
  'csv-time-named-cycles.csv': { factor: 1, remark: /cycles is taken as Time, in cycles/ },
  'csv-cr-only-message-is-the-file.csv': { factor: 1, remark: null }
}

describe.skipIf(!isThere)('tables of users', () => {
  const manifest = isThere
    ? (JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as { file: string }[])
    : []

  it('are all compared here', () => {
    const files = manifest.map(({ file }) => file).filter((file) => file.endsWith('.csv'))
    expect(files.sort()).toEqual(Object.keys(cases).sort())
  })

  it.each(Object.entries(cases))(
    '%s holds the same measurements',
    async (file, { factor, cut = 0, remark }) => {
      const read = (name: string) => readSampleFiles([path.join(folder, name)], 'matmul')
      // Read by hand, so that reader and reference share nothing.
      const plain = readFileSync(path.join(folder, 'csv-time-named-cycles.csv'), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',').map(Number))
      expect(plain).toHaveLength(432)
      const { samples, warnings } = await read(file)
      expect(samples.count).toBe(432 - cut)
      for (const [row, [n, m, k, qa, qw, time]] of plain.slice(0, 432 - cut).entries()) {
        expect(samples.dims.map((column) => column[row])).toEqual([n, m, k])
        expect([samples.activationBits[row], samples.weightBits[row]]).toEqual([qa, qw])
        expect(samples.time[row]! / (factor * time!)).toBeCloseTo(1, 9)
      }
      if (remark === null) expect(warnings.join('\n')).not.toMatch(/whole numbers|mark|taken as|left out/)
      else expect(warnings.join('\n')).toMatch(remark)
      for (const warning of warnings) expect(warning.length).toBeLessThan(400)
    }
  )
})
