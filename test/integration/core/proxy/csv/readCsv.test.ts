import { describe, expect, it } from 'vitest'
import { readProfileCsv } from '@core/proxy/csv/readCsv'
import { writeCsv } from '@core/proxy/csv/writeCsv'
import { AppError } from '@shared/errors'

const read = (text: string, kernel: 'matmul' | 'conv2d' | 'maxPool' = 'matmul') =>
  readProfileCsv(text, { kernel, fileName: 'a.csv' })

function failure(text: string, kernel: 'matmul' | 'conv2d' = 'matmul'): AppError {
  try {
    read(text, kernel)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('read without complaint')
}

describe('profile CSV', () => {
  it('reads matmul rows in any column order', () => {
    const { samples } = read('Time,QW,QA,K,M,N\n1000,2,4,64,32,16\n')
    expect(samples.dims.map((column) => column[0])).toEqual([16, 32, 64])
    expect([samples.activationBits[0], samples.weightBits[0], samples.time[0]]).toEqual([4, 2, 1000])
  })

  it('takes a byte order mark, CRLF, quotes, blanks, a missing last line end and empty lines', () => {
    const { samples } = read('\uFEFFN,M,K,QA,QW,Time\r\n"1", 2 ,3,8,8,10.5\r\n\r\n4,5,6,8,8,1e3')
    expect(Array.from(samples.time)).toEqual([10.5, 1000])
    expect(samples.dims.map((column) => Array.from(column))).toEqual([
      [1, 4],
      [2, 5],
      [3, 6]
    ])
  })

  it('reads both spellings of the window and a stride of 1 where the column is absent', () => {
    expect(read('H,W,C,K,Ks,QA,QW,Time\n8,8,3,4,3,8,8,10\n', 'conv2d').samples.dims.map((c) => c[0])).toEqual(
      [8, 8, 3, 4, 3, 1]
    )
  })

  it('reads pooling files, which have no bit widths', () => {
    const { samples } = read('C,H,W,K,S,Time\n1,8,8,2,2,1633\n', 'maxPool')
    expect([samples.activationBits[0], samples.time[0]]).toEqual([0, 1633])
  })

  it('leaves unknown columns out and says so', () => {
    const { samples, warnings } = read('N,M,K,QA,QW,Colour,Time\n1,2,3,8,8,red,9\n')
    expect(samples.time[0]).toBe(9)
    expect(warnings.join()).toContain('Colour')
  })

  it.each([
    ['text', 'N,M,K,QA,QW,Time\n1,2,3,8,8,5\n1,2,x3,8,8,5\n', 3, 'K'],
    ['an empty cell', 'N,M,K,QA,QW,Time\n1,,3,8,8,5\n', 2, 'M'],
    ['a zero time', 'N,M,K,QA,QW,Time\n1,2,3,8,8,0\n', 2, 'Time'],
    ['a negative time', 'N,M,K,QA,QW,Time\n1,2,3,8,8,-4\n', 2, 'Time'],
    ['an infinite time', 'N,M,K,QA,QW,Time\n1,2,3,8,8,Infinity\n', 2, 'Time'],
    ['NaN', 'N,M,K,QA,QW,Time\n1,2,3,8,8,NaN\n', 2, 'Time'],
    ['a broken dimension', 'N,M,K,QA,QW,Time\n1.5,2,3,8,8,4\n', 2, 'N'],
    ['33 bits', 'N,M,K,QA,QW,Time\n1,2,3,33,8,4\n', 2, 'QA'],
    ['a short row', 'N,M,K,QA,QW,Time\n1,2,3,8,8,4\n1,2,3\n', 3, 'QA'],
    ['a long row', 'N,M,K,QA,QW,Time\n1,2,3,8,8,4,5\n', 2, 'beyond the last']
  ])('refuses %s, naming line and column', (_what, text, line, column) => {
    const error = failure(text)
    expect(error.code).toBe('data.invalid')
    expect(error.message).toContain(`line ${line}`)
    expect(error.message).toContain(`column ${column}`)
    expect(error.hint).not.toBe('')
  })

  const pooling = (rows: string): string => `C;H;W;K;S;Time\n${rows}`

  it('reads 8.000 as %.3f writes it, also where every cell is a whole number', () => {
    const { samples } = read(pooling('1.000;8.000;8.000;2.000;2.000;636.125\n'), 'maxPool')
    expect(samples.dims.map((column) => column[0])).toEqual([1, 8, 8, 2, 2])
    expect(samples.time[0]).toBe(636.125)
  })

  it('reads marks of thousands in a column of sizes by those that are no multiples of 1000', () => {
    const { samples } = read('N;M;K;QA;QW;Time\n1;8;1.024;8;8;27.648\n1;8;16;8;8;636\n')
    expect([Array.from(samples.dims[2]!), Array.from(samples.time)]).toEqual([
      [1024, 16],
      [27648, 636]
    ])
  })

  it.each([
    ['thousands behind which one digit follows', 'N;M;K;QA;QW;Time\n1;8;8.0;8;8;1.234,5\n', 'K'],
    ['a fraction beside sizes with thousands', 'N;M;K;QA;QW;Time\n1;8;1.024;8;8;0.636\n', 'Time'],
    ['a last number cut inside its group', 'N;M;K;QA;QW;Time\n1;8;1.024;8;8;27.648\n1;8;16;8;8;27.6', 'Time']
  ])('refuses %s', (_what, text, column) => {
    expect(failure(text).message).toContain(`column ${column}`)
  })

  it('obeys a stated decimal mark, and names what does not fit it', () => {
    const text = 'N;M;K;QA;QW;Time\n1;8;16;8;8;1.500\n1;8;16;8;4;1250\n'
    const as = (decimal: '.' | ','): number[] =>
      Array.from(readProfileCsv(text, { kernel: 'matmul', fileName: 'a.csv', decimal }).samples.time)
    expect(as('.')).toEqual([1.5, 1250])
    expect(as(',')).toEqual([1500, 1250])
    const tenth = text.replace('1.500', '1.5')
    expect(() => readProfileCsv(tenth, { kernel: 'matmul', fileName: 'a.csv', decimal: ',' })).toThrow(
      /column Time: "1\.5" is not a number/
    )
  })

  it('takes the unit from the header: either sign of micro, no plural, no factor before the unit', () => {
    const unitOf = (heading: string): string => read(`N,M,K,QA,QW,${heading}\n1,2,3,8,8,9\n`).samples.unit
    expect(['Time_\u00b5s', 'Latency (\u03bcs)', 'time_us'].map(unitOf)).toEqual(['us', 'us', 'us'])
    expect(['Time s', 'time(s)', 'Runtime_sec', 'Time [ms]'].map(unitOf)).toEqual(['s', 's', 's', 'ms'])
    expect(['Times', 'Runtimes'].map(unitOf)).toEqual(['cycles', 'cycles'])
    expect(failure('N,M,K,QA,QW,Time_100ns\n1,2,3,8,8,9\n').message).toContain('column Time is missing')
  })

  it('says where a stated unit is not that of the file', () => {
    const { samples, warnings } = readProfileCsv('N,M,K,QA,QW,Time_ms\n1,2,3,8,8,9\n', {
      kernel: 'matmul',
      fileName: 'a.csv',
      unit: 's'
    })
    expect(samples.unit).toBe('ms')
    expect(warnings.join()).toContain('in ms as the file says, not in s')
  })

  it('names a missing and a repeated column', () => {
    expect(failure('N,M,QA,QW,Time\n1,2,8,8,4\n').message).toContain('column K is missing')
    expect(failure('N,M,K,K,QA,QW,Time\n1,2,3,3,8,8,4\n').message).toContain('twice')
  })

  it('refuses an empty file, a header alone, and a window larger than its input', () => {
    expect(failure('').message).toContain('empty')
    expect(failure('N,M,K,QA,QW,Time\n').message).toContain('no rows')
    expect(failure('H,W,C,K,KS,QA,QW,Time\n2,2,3,4,3,8,8,10\n', 'conv2d').message).toContain('does not fit')
  })

  it('writes what it reads, labels and unit included', () => {
    const { samples } = readProfileCsv(
      'N,M,K,QA,QW,Time,Unit,Board\n1,2,3,8,4,9,instructions,"qemu, virt"\n',
      {
        kernel: 'matmul',
        fileName: 'a.csv'
      }
    )
    expect(samples.unit).toBe('instructions')
    expect(samples.labels?.['Board']).toEqual(['qemu, virt'])
    const again = read(writeCsv(samples)).samples
    expect(again.unit).toBe('instructions')
    expect(again.labels?.['Board']).toEqual(['qemu, virt'])
    expect(again.time).toEqual(samples.time)
  })

  it('reads a million rows', () => {
    const line = '16,32,64,8,4,12345\n'
    const { samples } = read(`N,M,K,QA,QW,Time\n${line.repeat(1_000_000)}`)
    expect(samples.count).toBe(1_000_000)
    expect(samples.time[999_999]).toBe(12345)
  })
})
