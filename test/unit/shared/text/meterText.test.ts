import { describe, expect, it } from 'vitest'
import { instrumentText, meterText, readingCount, readingRateHz } from '@shared/text/meterText'

describe('a power meter of a recording', () => {
  it('is named with its voltage, its readings and those that were lost', () => {
    expect(
      meterText({
        ...{ kind: 'ppk2', source: '/dev/ttyACM0', supplyV: 3.3, readings: 400_000, lost: 12, binMs: 1 },
        ...{ badLines: [], notes: [] }
      })
    ).toBe('Meter at /dev/ttyACM0, 3.3 V, 400,000 readings averaged over 1 ms each, 12 lost')
  })

  it('shows the first line that was no reading, and nothing that is not known', () => {
    expect(
      meterText({
        ...{ kind: 'text', source: 'm.csv', supplyV: null, readings: 3, lost: null, binMs: null },
        ...{ badLines: ['line 4: no number', 'line 9: no number'], notes: [] }
      })
    ).toBe('Meter at m.csv, not read: line 4: no number')
  })

  it('is what read a recording, as the driver of a GPU is, where a log names it', () => {
    const meter = {
      ...{ kind: 'text' as const, source: 'm.csv', supplyV: null, readings: 3, lost: null, binMs: null },
      ...{ badLines: [], notes: [] }
    }
    expect(instrumentText({ meter, driverVersion: '' })).toBe('Meter at m.csv')
    expect(instrumentText({ driverVersion: '550.54.15' })).toBe('Driver 550.54.15')
    expect(instrumentText({ driverVersion: '' })).toBe('Driver not named')
  })

  it('counts an averaged stretch once, though it is stored as its two ends', () => {
    const meter = {
      ...{ kind: 'ppk2' as const, source: 'p', supplyV: 3.3, readings: 10, lost: 0, binMs: 1 },
      ...{ badLines: [], notes: [] }
    }
    expect(readingRateHz(2000, meter)).toBe(1000)
    expect(readingRateHz(2000, { ...meter, kind: 'text', binMs: null })).toBe(2000)
    expect(readingRateHz(10, undefined)).toBe(10)
    expect(readingRateHz(null, meter)).toBeNull()
    // 2,866 stretches of 1 ms: each is stored with its beginning and its end.
    expect(readingCount({ samples: 5732, meter })).toBe(2866)
    expect(readingCount({ samples: 124, meter: undefined })).toBe(124)
  })
})
