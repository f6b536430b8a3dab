import { intervalOfReadings } from '../../core/meter/meterInterval'
import { powerSample } from '../../core/meter/powerSample'
import type { PowerHooks } from '../../core/meter/powerSampler'
import { createTextMeterReader, type MeterReading } from '../../core/meter/textMeter'
import { formatDuration } from '../../shared/units'
import { createMeterClock } from './meterClock'
import type { MeterAbout, MeterSetup } from '../../shared/contract/meter'
import { AppError } from '../../shared/errors'
import type { MeterDevice, MeterLine } from './meterDevice'

/** Steady host clock and waits, ms; tests shorten the waits. */
export interface TextMeterTiming {
  nowMs(): number
  /** How long a meter may take for its first readings. */
  firstReadingMs?: number
  /** For how long the first readings are looked at: their interval, and the shortest way to the host. */
  probeMs?: number
}

/** Readings that are needed before a meter is believed to be one. */
const probeReadings = 3
/** Lines in a row that are no reading, after which this is no such meter. */
const maxBadInARow = 200
/** Two readings this many intervals apart, and at least so many ms, have a gap between them. */
const gapIntervals = 10
const minGapMs = 500

/**
 * Opens a meter that sends lines by itself, and waits for its first readings: they give the interval and how the clock of
 * the meter relates to that of the host (the reading that was fastest on its way counts).
 *
 * @throws meter.silent, meter.unreadable, meter.disconnected, input.invalid without a voltage, data.invalid for a header
 */
export async function openTextMeter(
  line: MeterLine,
  setup: Pick<MeterSetup, 'port' | 'supplyV' | 'units'>,
  timing: TextMeterTiming
): Promise<MeterDevice> {
  const { nowMs, firstReadingMs = 10_000, probeMs = 500 } = timing
  const meter = openReadings(line, setup, nowMs)
  const close = (): Promise<void> => line.close()
  try {
    const intervalMs = intervalOfReadings(await probe(meter, setup.port, firstReadingMs, probeMs))
    meter.clock.settle()
    return {
      name: `Text meter at ${setup.port}`,
      origin: 'measured',
      intervalMs,
      close,
      start: (hooks) => startRecording(meter, setup, hooks)
    }
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
}

/** Readings of the line, and who gets them. */
interface Readings {
  readonly reader: ReturnType<typeof createTextMeterReader>
  readonly clock: ReturnType<typeof createMeterClock>
  sink: (readings: readonly MeterReading[]) => void
  onFailure: (error: AppError) => void
  failed: AppError | undefined
}

function openReadings(
  line: MeterLine,
  setup: Pick<MeterSetup, 'port' | 'supplyV' | 'units'>,
  nowMs: () => number
): Readings {
  const decoder = new TextDecoder()
  const meter: Readings = {
    reader: createTextMeterReader({ units: setup.units, supplyV: setup.supplyV ?? null }),
    clock: createMeterClock(),
    sink: () => undefined,
    onFailure: () => undefined,
    failed: undefined
  }
  const { reader, clock } = meter
  const fail = (error: AppError): void => {
    if (meter.failed !== undefined) return
    meter.failed = error
    meter.onFailure(error)
  }
  line.onData((bytes) => {
    if (meter.failed !== undefined) return
    try {
      const readings = reader.push(decoder.decode(bytes, { stream: true }))
      for (const { tMs } of readings) clock.arrived(tMs, nowMs())
      if (reader.badInARow >= maxBadInARow) throw unreadable(setup.port, reader.badExamples)
      if (readings.length > 0) meter.sink(readings)
    } catch (cause) {
      fail(AppError.from(cause))
    }
  })
  line.onClose(({ text, hint }) => fail(disconnectedMeter(setup.port, text, hint)))
  return meter
}

/** Times of the first readings. */
async function probe(
  meter: Readings,
  port: string,
  firstReadingMs: number,
  probeMs: number
): Promise<number[]> {
  const times: number[] = []
  await new Promise<void>((resolve, reject) => {
    let quiet: NodeJS.Timeout | undefined
    const settle = (error?: AppError): void => {
      clearTimeout(quiet)
      clearTimeout(limit)
      if (error === undefined) resolve()
      else reject(error)
    }
    const limit = setTimeout(
      () =>
        settle(
          meter.reader.badLines > 0
            ? unreadable(port, meter.reader.badExamples)
            : silent(port, firstReadingMs)
        ),
      firstReadingMs
    )
    meter.onFailure = settle
    meter.sink = (readings) => {
      for (const { tMs } of readings) times.push(tMs)
      if (times.length < probeReadings) return
      // It is a meter: the limit for its first readings ends here, however long the rest of the probe takes.
      clearTimeout(limit)
      quiet ??= setTimeout(settle, probeMs)
    }
    if (meter.failed !== undefined) settle(meter.failed)
  })
  return times
}

/** Passes readings on to a recording until it is stopped. */
function startRecording(
  meter: Readings,
  setup: Pick<MeterSetup, 'port' | 'supplyV'>,
  hooks: PowerHooks
): ReturnType<MeterDevice['start']> {
  const seen = { readings: 0, lastMs: NaN, badBefore: meter.reader.badLines }
  const gapMs = Math.max(minGapMs, gapIntervals * meter.clock.intervalMs())
  meter.sink = (readings) => {
    const samples = readings.map(({ tMs, powerW }) => powerSample(meter.clock.hostMs(tMs), powerW))
    for (const { tMs } of samples) {
      if (tMs - seen.lastMs > gapMs) hooks.onGap(gapOf(seen.lastMs, tMs))
      seen.lastMs = tMs
    }
    seen.readings += samples.length
    hooks.onSamples(samples)
  }
  meter.onFailure = (error) => hooks.onState({ state: 'failed', error })
  if (meter.failed !== undefined) meter.onFailure(meter.failed)
  return {
    restarts: 0,
    get malformedLines() {
      return meter.reader.badLines - seen.badBefore
    },
    async stop() {
      meter.sink = () => undefined
      meter.onFailure = () => undefined
    },
    about: (): MeterAbout => ({
      ...{ kind: 'text', source: setup.port, supplyV: setup.supplyV ?? null },
      ...{ readings: seen.readings, lost: null, binMs: null, badLines: [...meter.reader.badExamples] },
      notes: meter.clock.driftNotes()
    })
  }
}

const gapOf = (fromMs: number, toMs: number): { fromMs: number; toMs: number; reason: string } => ({
  ...{ fromMs, toMs },
  reason: 'the meter sent no reading'
})

function silent(port: string, afterMs: number): AppError {
  return new AppError(
    'meter.silent',
    `The meter at ${port} sent no reading within ${formatDuration(afterMs)}.`,
    'Check the port and the speed of the line (--baud); a text meter has to send lines by itself.'
  )
}

function unreadable(port: string, examples: readonly string[]): AppError {
  return new AppError(
    'meter.unreadable',
    `What comes from ${port} are no lines of a meter: ${examples[0] ?? 'nothing readable'}`,
    'Lines are time,current[,voltage]. Check the speed of the line (--baud) and the kind of the meter (--kind).'
  )
}

/** The line to a meter broke. */
export function disconnectedMeter(port: string, text: string, hint: string | undefined): AppError {
  return new AppError(
    'meter.disconnected',
    `The meter at ${port} was disconnected: ${text}.`,
    hint ?? 'Plug it in again and record once more; what was read up to then is kept.'
  )
}
