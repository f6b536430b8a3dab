import { describe, expect, it } from 'vitest'
import { createTextMeterReader } from '@core/meter/textMeter'
import { meterTextUnitsSchema } from '@shared/contract/meter'

const units = meterTextUnitsSchema.parse({})
const read = (text: string, supplyV: number | null = null, more: Partial<typeof units> = {}) => {
  const reader = createTextMeterReader({ units: { ...units, ...more }, supplyV })
  return { readings: [...reader.push(text), ...reader.end()], reader }
}

describe('lines of a text meter', () => {
  it('multiplies current by voltage: 20 mA at 3.3 V is 66 mW', () => {
    const { readings } = read('0,0.020,3.3\n1,0.010,3.0')
    expect(readings.map(({ tMs }) => tMs)).toEqual([0, 1])
    expect(readings[0]!.powerW).toBeCloseTo(0.066, 12)
    expect(readings[1]!.powerW).toBeCloseTo(0.03, 12)
  })

  it.each([
    ['time_us,current_ma,voltage_mv\n2000,20,3300', 2, 0.066],
    ['Timestamp(ms),Current(uA),Voltage(V)\n2,20000,3.3', 2, 0.066],
    ['t[s];i[A];v[V]\n0.002;0.02;3.3', 2, 0.066],
    ['current_na\ttime_s\n20000000\t0.002', 2, 0.066],
    ['time_ms,current_µa\n2,20000', 2, 0.066]
  ])('takes columns and units from the header %j', (text, tMs, powerW) => {
    const [reading] = read(text, 3.3).readings
    expect(reading!.tMs).toBeCloseTo(tMs, 9)
    expect(reading!.powerW).toBeCloseTo(powerW, 12)
  })

  it('takes units from the options without a header, and the supply voltage without a column', () => {
    const [reading] = read('5 250\n', 1.8, { time: 's', current: 'ua' }).readings
    expect(reading).toEqual({ tMs: 5000, powerW: 250e-6 * 1.8 })
  })

  it('reads the same however the bytes are cut', () => {
    const text = 'time_ms,current_ma,voltage_v\r\n1,2,3\r\n2,4,3\r\n3,8,3\r\n'
    const whole = read(text).readings
    const reader = createTextMeterReader({ units, supplyV: null })
    expect([...text].flatMap((letter) => reader.push(letter))).toEqual(whole)
    expect(whole).toHaveLength(3)
  })

  it('counts and names what is no reading, and goes on behind it', () => {
    const { readings, reader } = read(
      '# meter 1\n\n1,0.1,3\nhello\n2,NaN,3\n3,1e999,3\n3\n1,0.1,3\n4,0.2,x\n0x5,1,1\n5,0.2,3\n'
    )
    expect(readings.map(({ tMs }) => tMs)).toEqual([1, 5])
    expect(reader.badLines).toBe(7)
    expect(reader.badInARow).toBe(0)
    expect(reader.badExamples).toEqual([
      'line 4: neither a reading nor a header: hello',
      'line 5: the current is no number: 2,NaN,3',
      'line 6: the current is no number: 3,1e999,3',
      'line 7: cells are missing: 3',
      'line 8: its time is not behind the reading before: 1,0.1,3'
    ])
  })

  it('keeps negative currents: an offset around zero is no fault', () => {
    expect(read('0,-0.001,3\n').readings[0]!.powerW).toBeCloseTo(-0.003, 12)
  })

  it('refuses lines without a voltage when none was given', () => {
    expect(() => read('0,0.02\n')).toThrowError(expect.objectContaining({ code: 'input.invalid' }))
  })

  it.each(['time_ms,power_w\n', 'time_h,current_a\n', 'time(constructor),current_a\n', 'current_a\n'])(
    'refuses the header %j',
    (text) => {
      expect(() => read(text, 3)).toThrowError(expect.objectContaining({ code: 'data.invalid' }))
    }
  )

  it('stays bounded on bytes without a line break', () => {
    const reader = createTextMeterReader({ units, supplyV: 3 })
    for (let i = 0; i < 100; i++) expect(reader.push('9'.repeat(10_000))).toEqual([])
    expect(reader.push('\n1,1\n')).toHaveLength(1)
  })
})
