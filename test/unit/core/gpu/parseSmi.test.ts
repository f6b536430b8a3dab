import { describe, expect, it } from 'vitest'
import { createSmiParser } from '@core/gpu/parseSmi'
import { metricAt, metricCount } from '@core/gpu/metrics'
import { parseCell, parseWallClock } from '@core/gpu/smiCell'
import { createRandom } from '@core/math/random'

// Texts are written after nvidia-smi's documentation, not captured from a GPU.
const asked = [
  'timestamp',
  'index',
  'power.draw',
  'clocks.sm',
  'utilization.gpu',
  'memory.used',
  'temperature.gpu'
]
const header =
  'timestamp, index, power.draw [W], clocks.current.sm [MHz], utilization.gpu [%], memory.used [MiB], temperature.gpu\n'
const rowOf = (second: number, index: number, powerW: string): string =>
  `2026/03/01 10:00:${String(second).padStart(2, '0')}.250, ${index}, ${powerW}, 1410 MHz, 35 %, 1024 MiB, 45\n`

describe('parseCell', () => {
  it.each([
    ['65.12 W', 'power', 'W', 65.12],
    ['65120 mW', 'power', null, 65.12],
    ['  65.12  ', 'power', 'W', 65.12],
    ['1.41 GHz', 'frequency', null, 1410],
    ['0 %', 'percent', '%', 0],
    ['1024 MiB', 'memory', 'MiB', 1024 ** 3],
    ['1024', 'memory', 'MiB', 1024 ** 3],
    ['45', 'temperature', null, 45],
    ['0x0000000000000004', 'mask', null, 4]
  ] as const)('reads %j', (text, dimension, unit, value) => {
    const cell = parseCell(text, dimension, unit)
    expect('value' in cell ? cell.value : cell.reason).toBeCloseTo(value, 9)
  })

  it.each([
    '[N/A]',
    'N/A',
    '[Not Supported]',
    '[Unknown Error]',
    'ERR!',
    '[GPU is lost]',
    '',
    '12 parsecs',
    '1,5 W'
  ])('answers %j as unavailable with the reason, never as 0', (text) => {
    const cell = parseCell(text, 'power', 'W')
    expect(cell).not.toHaveProperty('value')
    expect((cell as { reason: string }).reason).not.toBe('')
  })

  it('does not guess the unit of a memory size', () => {
    expect(parseCell('1024', 'memory', null)).toEqual({ reason: 'no unit in "1024"' })
  })
})

describe('parseWallClock', () => {
  it('keeps milliseconds and day borders', () => {
    expect(parseWallClock('2026/03/01 00:00:00.010')! - parseWallClock('2026/02/28 23:59:59.990')!).toBe(20)
  })
  it.each(['2026-03-01 00:00:00', '2026/13/01 00:00:00.000', 'timestamp', ''])('refuses %j', (text) => {
    expect(parseWallClock(text)).toBeNull()
  })
})

describe('createSmiParser', () => {
  it('finds columns under the names the driver gives them', () => {
    const { rows, stray } = createSmiParser(asked).push(header + rowOf(0, 0, '65.12 W'))
    expect(stray).toEqual([])
    expect(rows).toHaveLength(1)
    expect(rows[0]!.gpuIndex).toBe(0)
    expect(rows[0]!.values[metricAt.powerW]).toBeCloseTo(65.12)
    expect(rows[0]!.values[metricAt.smClockMhz]).toBe(1410)
    expect(rows[0]!.values[metricAt.memoryUsedBytes]).toBe(1024 ** 3)
    expect(rows[0]!.values[metricAt.powerInstantW]).toBeNaN()
  })

  it('places a column whose new name nobody knows where it was asked for', () => {
    const renamed = header.replace('clocks.current.sm', 'clocks.present.streaming')
    const { rows } = createSmiParser(asked).push(renamed + rowOf(0, 0, '65.12 W'))
    expect(rows[0]!.values[metricAt.smClockMhz]).toBe(1410)
  })

  it('takes units from the header when values have none', () => {
    const { rows } = createSmiParser(asked).push(
      `${header}2026/03/01 10:00:00.250, 0, 65.12, 1410, 35, 1024, 45\n`
    )
    expect(rows[0]!.values[metricAt.memoryUsedBytes]).toBe(1024 ** 3)
  })

  it('reads padded values, CRLF, blank lines and no header at all', () => {
    const { rows } = createSmiParser(asked).push(
      '\r\n2026/03/01 10:00:00.250 ,  1 ,   65.12 W  , 1410 MHz , 35 % , 1024 MiB ,  45  \r\n'
    )
    expect(rows[0]!.gpuIndex).toBe(1)
    expect(rows[0]!.values[metricAt.temperatureC]).toBe(45)
  })

  it('reads stamps of one second whatever digits their fraction has', () => {
    const stamps = ['00.250', '00.25 ', '00.2', '00', '00.251']
    const { rows, stray } = createSmiParser(['timestamp', 'power.draw']).push(
      stamps.map((stamp) => `2026/03/01 10:00:${stamp}, 65.12 W\n`).join('')
    )
    expect(stray).toEqual([])
    expect(rows.map(({ wallMs }) => wallMs! - rows[0]!.wallMs!)).toEqual([0, 0, -50, -250, 1])
  })

  it('keeps what one of two columns of the same metric has', () => {
    const { rows } = createSmiParser(['timestamp', 'clocks.sm', 'clocks.current.sm']).push(
      'timestamp, clocks.sm [MHz], clocks.current.sm [MHz]\n' +
        '2026/03/01 10:00:00.250, 1410 MHz, [N/A]\n2026/03/01 10:00:00.350, [N/A], 1395 MHz\n'
    )
    expect(rows.map(({ values }) => values[metricAt.smClockMhz])).toEqual([1410, 1395])
  })

  it('takes a header with line ends that it does not know for a line that is no row', () => {
    const parser = createSmiParser(asked)
    expect(parser.push('timestamp, power.draw [W]\r2026/03/01 10:00:00.250, 65.12 W\n').rows).toEqual([])
    expect(parser.push(header + rowOf(1, 0, '70.00 W')).rows).toHaveLength(1)
  })

  it('keeps a row whose power is unavailable, with NaN in that place only', () => {
    const { rows } = createSmiParser(asked).push(header + rowOf(0, 0, '[Unknown Error]'))
    expect(rows[0]!.values[metricAt.powerW]).toBeNaN()
    expect(rows[0]!.values[metricAt.utilizationPercent]).toBe(35)
  })

  it('gives the same rows however the text is cut into chunks, GPUs interleaved', () => {
    let text = header
    for (let second = 0; second < 20; second++) {
      for (let gpu = 0; gpu < 3; gpu++) text += rowOf(second, gpu, `${60 + gpu}.50 W`)
    }
    const whole = createSmiParser(asked).push(text).rows
    expect(whole.map((row) => row.gpuIndex)).toEqual(Array.from({ length: 60 }, (_, at) => at % 3))
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(seed)
      const parser = createSmiParser(asked)
      const rows = []
      for (let at = 0; at < text.length;) {
        const size = 1 + random.integer(200)
        rows.push(...parser.push(text.slice(at, at + size)).rows)
        at += size
      }
      expect(rows).toEqual(whole)
    }
  })

  it('reports messages and garbage as stray and reads on', () => {
    const { rows, stray } = createSmiParser(asked).push(
      `${header}Unable to determine the device handle\n, , ,\n${rowOf(1, 0, '70.00 W')}`
    )
    expect(stray).toEqual(['Unable to determine the device handle', ', , ,'])
    expect(rows).toHaveLength(1)
  })

  it('saves the whole row behind a half line, and says that the half was lost', () => {
    const cut = rowOf(0, 0, '65.12 W').slice(0, 30)
    const { rows, stray } = createSmiParser(asked).push(header + cut + rowOf(1, 0, '70.00 W'))
    expect(rows).toHaveLength(1)
    expect(rows[0]!.values[metricAt.powerW]).toBe(70)
    expect(stray).toEqual([cut])
  })

  it('does not trust a last line without its end', () => {
    const parser = createSmiParser(asked)
    // "45" may have been cut to "4": it looks whole and is not.
    expect(parser.push(header + rowOf(0, 0, '65.12 W').slice(0, -2)).rows).toEqual([])
    expect(parser.end().stray).toHaveLength(1)
    expect(parser.end().stray).toHaveLength(0)
  })

  it('stays bounded on a flood without line ends', () => {
    const parser = createSmiParser(asked)
    for (let i = 0; i < 50; i++) parser.push('x'.repeat(10_000))
    const { rows, stray } = parser.push(`\n${rowOf(1, 0, '70.00 W')}`)
    expect(stray[0]!.length).toBeLessThanOrEqual(65_536)
    expect(rows).toHaveLength(1)
  })

  it('never yields a value outside the asked metrics, nor a wrong length, on fuzzed lines', () => {
    const random = createRandom(7)
    const alphabet = '0123456789/:., W%MHz[]N/AERR!\n'
    const parser = createSmiParser(asked)
    for (let i = 0; i < 300; i++) {
      let text = ''
      for (let n = 0; n < 200; n++) text += alphabet[random.integer(alphabet.length)]
      for (const row of parser.push(text).rows) expect(row.values).toHaveLength(metricCount)
    }
    expect(parser.push(`\n${rowOf(2, 0, '71.00 W')}`).rows.at(-1)?.values[metricAt.powerW]).toBe(71)
  })
})
