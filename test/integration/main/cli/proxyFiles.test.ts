import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCsv } from '@core/proxy/csv/writeCsv'
import { drawShapes } from '@core/proxy/fit/drawShapes'
import { groupByShape } from '@core/proxy/fit/folds'
import { proxyCli } from '@main/cli/proxy/proxy'
import { parseVerbArguments, UsageError } from '@main/cli/framework/framework'
import { AppError } from '@shared/errors'
import { syntheticConv } from '../../../unit/core/proxy/syntheticSamples'

/** What users' files look like, and what `bitbench proxy evaluate` says of them. */
const samples = syntheticConv({ shapes: 6, bits: [8, 4] })
const csv = writeCsv(samples)
const lines = csv.trimEnd().split('\n')
let folder: string
let log: string[]

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-files-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Evaluated {
  rows: number
  shapes: number
  splits: Record<string, { mape: number }>
  drawn?: { rows: number; shapes: number }
}
const evaluate = async (content: string | Buffer, more: string[] = []): Promise<Evaluated> => {
  writeFileSync(path.join(folder, 'user.csv'), content)
  log = []
  const verb = proxyCli.verbs['evaluate']!
  const argv = ['user.csv', '--kernel', 'conv2d', '--estimator', 'physics', ...more]
  const result = await verb.run(parseVerbArguments(verb, argv), {
    log: (line) => void log.push(line),
    cwd: folder,
    json: true,
    signal: new AbortController().signal,
    stopInOrder: () => undefined,
    bitbench: () => Promise.reject(new Error('not needed'))
  })
  return result.json as Evaluated
}
const withCell = (column: number, value: string): string =>
  lines.map((line, at) => (at === 4 ? line.split(',').with(column, value).join() : line)).join('\n')

describe('files of users', () => {
  it('give the same result with a byte order mark, CRLF, semicolons and blank lines', async () => {
    const plain = await evaluate(csv, ['--split', 'train,random,shape,loso'])
    expect(Object.keys(plain.splits)).toEqual(['train', 'random', 'shape', 'loso'])
    expect([plain.rows, plain.shapes]).toEqual([samples.count, 6])
    for (const same of [
      `\ufeff${lines.join('\r\n')}\r\n`,
      csv.replaceAll(',', ';'),
      lines.join('\n\n'),
      lines.map((line, at) => `${line},${at === 0 ? 'Note' : 'abc'}`).join('\n')
    ]) {
      expect((await evaluate(same)).splits).toEqual(plain.splits)
    }
    expect(log.join('\n')).toContain('Note')
  })

  const mapTimes = (write: (time: number) => string, delimiter = ';'): string =>
    `${lines
      .map((line, at) => {
        const cells = line.split(',')
        return (at === 0 ? cells : cells.with(8, write(Number(cells[8])))).join(delimiter)
      })
      .join('\n')}\n`
  const germanThousands = (time: number): string => String(Math.round(time)).replace(/\B(?=(\d{3})+$)/g, '.')

  it('are read as they are written: decimal comma, thousands, comments, sep=, repeated headers, old line ends', async () => {
    const plain = await evaluate(mapTimes((time) => String(Math.round(time)), ','))
    for (const [same, remark] of [
      [mapTimes((time) => `${Math.round(time)},0`), null],
      [mapTimes(germanThousands), null],
      [mapTimes((time) => `"${germanThousands(time).replaceAll('.', ',')}"`, ','), null],
      [mapTimes((time) => `${germanThousands(time)},00`), null],
      [`# measured 2025\n\n${mapTimes((time) => String(Math.round(time)), ',')}`, null],
      [`sep=;\n${mapTimes((time) => String(Math.round(time)))}`, null],
      [mapTimes((time) => String(Math.round(time)), ',').replaceAll('\n', '\r'), null],
      [
        mapTimes((time) => String(Math.round(time)), ',').replace('Time', 'mcycle'),
        /mcycle is taken as Time/
      ],
      [
        mapTimes((time) => String(Math.round(time)), ',')
          .split('\n')
          .toSpliced(7, 0, lines[0]!)
          .join('\n'),
        /1 repeated header line/
      ]
    ] as const) {
      expect((await evaluate(same)).splits, same.slice(0, 200)).toEqual(plain.splits)
      if (remark !== null) expect(log.join('\n')).toMatch(remark)
    }
  })

  it('with points that may mean two things are read as the times follow the work, and that is said', async () => {
    const plain = await evaluate(mapTimes((time) => String(Math.round(time / 100)), ','))
    const open = mapTimes((time) => germanThousands(time / 100))
    expect(open).toMatch(/;\d{1,3}\n/)
    expect((await evaluate(open)).splits).toEqual(plain.splits)
    expect(log.join('\n')).toMatch(/"\." in its numbers is read as a mark of thousands/)
    const forced = await evaluate(open, ['--decimal', '.'])
    expect(forced.splits).not.toEqual(plain.splits)
  })

  it('that were cut inside the last number lose that row, and that is said', async () => {
    const whole = await evaluate(lines.slice(0, -1).join('\n') + '\n')
    const cut = `${lines.slice(0, -1).join('\n')}\n${lines.at(-1)!.slice(0, lines.at(-1)!.lastIndexOf(',') + 3)}`
    expect((await evaluate(cut)).splits).toEqual(whole.splits)
    expect(log.join('\n')).toMatch(/last line has no end.*left out/)
    await evaluate(lines.join('\n'))
    expect(log.join('\n')).toMatch(/last line has no end; check/)
  })

  it('in milliseconds have the same errors, in their unit', async () => {
    const plain = await evaluate(csv)
    const inMs = await evaluate(mapTimes((time) => String(time * 1e-5), ',').replace('Time', 'Time (ms)'))
    expect(inMs).toMatchObject({ unit: 'ms' })
    expect(inMs.splits['shape']!.mape).toBeCloseTo(plain.splits['shape']!.mape, 6)
    await evaluate(mapTimes((time) => String(time * 1e-5), ','))
    expect(log.join('\n')).toMatch(/no whole numbers.*--unit/)
  })

  it('that look wrong are said to', async () => {
    await evaluate(withCell(8, '123456789012'))
    expect(log.join('\n')).toMatch(/row 4 \(123456789012\).*times off the median/)
    const error = await evaluate(csv.replaceAll('\n', ' ')).catch((reason: AppError) => reason.message)
    expect((error as string).length).toBeLessThan(500)
  })

  it.each([
    ['text in a number column', () => withCell(8, 'fast'), /line 5, column Time.*"fast"/],
    ['a time of zero', () => withCell(8, '0'), /line 5, column Time/],
    ['a negative time', () => withCell(8, '-3'), /line 5, column Time/],
    ['an impossible width', () => withCell(6, '99'), /line 5, column QA/],
    ['half a dimension', () => withCell(0, '1.5'), /line 5, column H/],
    ['a cut line', () => `${lines.slice(0, 4).join('\n')}\n1,2`, /line 5/],
    ['columns of another kernel', () => csv.replace('KS', 'XY'), /column KS is missing/],
    ['no rows', () => lines[0]!, /no rows/],
    ['nothing', () => '', /empty/],
    ['a binary file', () => Buffer.from([...Array(512).keys()]), /not a text file/],
    ['another encoding', () => Buffer.from(csv, 'utf16le'), /not a text file/]
  ])('are refused for %s, with what to do', async (_what, content, message) => {
    const error = await evaluate(content()).then(
      () => null,
      (reason: unknown) => reason
    )
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'data.invalid', message: expect.stringMatching(message) as string })
    expect((error as AppError).hint).not.toBe('')
  })

  it('may repeat measurements and may be of one shape alone: that is said', async () => {
    await evaluate([...lines, ...lines.slice(1, 4)].join('\n'))
    expect(log.join('\n')).toContain(`3 of ${samples.count + 3} rows repeat`)
    const one = await evaluate(lines.slice(0, 5).join('\n'))
    expect(Object.keys(one.splits)).toEqual(['train', 'random'])
    expect(log.join('\n')).toContain('one layer shape')
    await expect(evaluate(lines.slice(0, 5).join('\n'), ['--split', 'shape'])).rejects.toMatchObject({
      code: 'proxy.tooFewSamples'
    })
  })

  it('that are large are drawn from by whole shapes, and that is said', async () => {
    const drawn = await evaluate(csv, ['--rows', '12'])
    expect(drawn).toMatchObject({ rows: samples.count, shapes: 6, drawn: { rows: 12, shapes: 3 } })
    expect(log.join('\n')).toContain(`${samples.count} rows of 6 shapes`)
    await expect(evaluate(csv, ['--rows', 'many'])).rejects.toBeInstanceOf(UsageError)
    const taken = drawShapes(samples, 9, 1)
    expect([taken.count, groupByShape(taken).groups]).toEqual([8, 2])
    expect(drawShapes(samples, 9, 1)).toEqual(taken)
    expect(drawShapes(samples, samples.count, 1)).toBe(samples)
  })
})
