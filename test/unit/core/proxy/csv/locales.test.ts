import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { AppError } from '@shared/errors'

const names = ['N', 'M', 'K', 'QA', 'QW', 'Time']
const random = createRandom(77)
/** Times that grow with the work, 40 to 4 million cycles; shapes of up to 4,096 columns. */
const rows = Array.from({ length: 60 }, (_, at) => {
  const [outputs, inputs] = [8 * (1 + random.integer(300)), 4 * (1 + random.integer(1000))]
  const shape = at === 0 ? [1, 8, 16] : [1, outputs, inputs]
  return [...shape, 8, 4, Math.round(30 + 0.6 * shape[1]! * shape[2]!)]
})
const times = rows.map((row) => row[5]!)

const grouped = (value: number, mark: string): string => String(value).replace(/\B(?=(\d{3})+$)/g, mark)
const table = (delimiter: string, write: (value: number) => string, timesOnly = true): string =>
  [
    names.join(delimiter),
    ...rows.map((row) =>
      row.map((value, at) => (timesOnly && at < 5 ? String(value) : write(value))).join(delimiter)
    )
  ].join('\n') + '\n'
const plain = table(',', String)
const lines = plain.trimEnd().split('\n')

/** How programs of several countries write one and the same table. */
const forms: Readonly<Record<string, string>> = {
  'as pandas writes it': plain,
  'thousands with a blank': table(';', (value) => grouped(value, ' '), false),
  'thousands with a no-break space (Excel, fr)': table(';', (value) => grouped(value, '\u00a0'), false),
  'thousands with a narrow no-break space (fr)': table('\t', (value) => grouped(value, '\u202f')),
  'thousands with a thin space': table('\t', (value) => grouped(value, '\u2009')),
  'thousands with an apostrophe (Excel, de-CH)': table(';', (value) => `${grouped(value, "'")}.00`),
  'thousands with a typographic apostrophe': table(';', (value) => grouped(value, '\u2019'), false),
  'thousands with an underscore': table(',', (value) => grouped(value, '_')),
  'thousands with a blank, decimal comma': table(';', (value) => `${grouped(value, '\u00a0')},00`),
  'thousands with a dot, decimal comma (de)': table(';', (value) => `${grouped(value, '.')},0`, false),
  'thousands with a comma in quotes': table(',', (value) => `"${grouped(value, ',')}"`, false),
  'exponents with a decimal comma': table(';', (value) =>
    value.toExponential(8).replace('.', ',').toUpperCase()
  ),
  'numpy.savetxt, header in a comment': `# ${names.join(',')}\n${table(
    ',',
    (value) => value.toExponential(18),
    false
  )
    .split('\n')
    .slice(1)
    .join('\n')}`,
  'numpy.savetxt between blanks': `# ${names.join(' ')}\n${table(
    ' ',
    (value) => value.toExponential(18),
    false
  )
    .split('\n')
    .slice(1)
    .join('\n')}`,
  'columns padded with blanks': [names, ...rows]
    .map((row) => row.map((cell) => String(cell).padStart(9)).join(' '))
    .join('\n'),
  'a blank behind every comma': lines
    .map((line) =>
      line
        .split(',')
        .map((cell) => `"${cell}"`)
        .join(', ')
    )
    .join('\r\n'),
  'a delimiter behind every row': lines.map((line, at) => (at === 0 ? line : `${line},`)).join('\n'),
  'rows that were emptied': `${lines.join('\n')}\n,,,,,\n,,,,,\n`,
  'indented comments between rows': lines.toSpliced(9, 0, '  # a pause').join('\n'),
  'an index column without a name': lines.map((line, at) => `${at === 0 ? '' : at - 1},${line}`).join('\n')
}

const read = (text: string) => readProfileCsv(text, { kernel: 'matmul', fileName: 'a.csv' })

describe('one table as programs of several countries write it', () => {
  it.each(Object.entries(forms))('%s', (_, text) => {
    const { samples } = read(text)
    expect(Array.from(samples.time)).toEqual(times)
    for (const [at, column] of samples.dims.entries())
      expect(Array.from(column)).toEqual(rows.map((row) => row[at]))
    expect([samples.activationBits[7], samples.weightBits[7]]).toEqual([8, 4])
  })

  it.each([
    ["1'04", "1'046"],
    ['1 0466', '1 046'],
    ['1,03,783', '103783'],
    ['046 123', '46 123'],
    ['1 046 cycles', '1046']
  ])('%s is no number', (wrong) => {
    const text = `N;M;K;QA;QW;Time\n1;8;16;8;8;636\n1;8;32;8;8;${wrong}\n1;8;64;8;8;1 700\n`
    expect(() => read(text)).toThrow(/line 3, column Time: ".*" is not a number/)
  })

  it.each([';', '\t'])(
    'says that three digits behind every point of times are taken as fractions (%j)',
    (mark) => {
      const text = (time: string, first: string): string =>
        `N,M,K,QA,QW,${time}\n1,8,16,8,8,${first}\n1,8,32,8,8,2.468\n1,8,64,8,8,4.936\n`.replaceAll(',', mark)
      for (const time of ['Time_us', 'Cycles']) {
        const { samples, warnings } = read(text(time, '1.234'))
        expect(samples.time[0]).toBe(1.234)
        expect(warnings.join(' ')).toContain('--decimal , reads it as a mark of thousands')
      }
      expect(read(text('Time_us', '0.617')).warnings.join(' ')).not.toContain('--decimal')
      expect(read(text('Time_us', '1.234').replaceAll(mark, ',')).warnings.join(' ')).not.toContain(
        '--decimal'
      )
    }
  )

  it('a row with more than empty cells behind it is still refused', () => {
    expect(() => read('N,M,K,QA,QW,Time\n1,8,16,8,8,636,,7\n')).toThrow(/8 cells, the header 6/)
  })

  it('a comment that names other columns than there are numbers is a comment', () => {
    expect(() => read('# N,M,K,QA,QW,Time,Note\n1,8,16,8,8,636\n')).toThrow(/column N is missing/)
  })

  it('a column of times under another name is pointed at', () => {
    const hintOf = (header: string): string => {
      try {
        read(`${header}\n1,8,16,8,8,636,3\n`)
      } catch (error) {
        if (error instanceof AppError) return error.hint ?? ''
      }
      return 'read without complaint'
    }
    expect(hintOf('N,M,K,QA,QW,Zeit,SampleId')).toContain('Rename Zeit to Time')
    expect(hintOf('N,M,K,QA,QW,Zeit,Takte')).toContain('Rename the one of Zeit, Takte that holds the times')
  })
})
