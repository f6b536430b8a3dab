import { stat } from 'node:fs/promises'
import { meterPowerField } from '../../../core/energy/sensorModel'
import { intervalOfReadings } from '../../../core/meter/meterInterval'
import { powerSample } from '../../../core/meter/powerSample'
import { createTextMeterReader, type MeterReading } from '../../../core/meter/textMeter'
import type { Recording } from '../../../shared/contract/gpu'
import { meterTextUnitsSchema } from '../../../shared/contract/meter'
import { AppError } from '../../../shared/errors'
import { textPiecesOf } from '../../files/readTextFile'
import type { GpuStore } from '../store/gpuStore'
import { blankRecording, ofGpus, type Imported, type ImportRequest } from './blankRecording'
import { countOf } from '../../../shared/units'

/** Readings that the interval is taken from. */
const probeReadings = 1000

/** Lines time,current[,voltage] of a power meter, which need not have a header where units are given. */
export async function importMeterText(request: ImportRequest, store: GpuStore): Promise<Imported> {
  const { meter, file, id } = request
  const supplyV = meter?.supplyV ?? null
  const recording = blankRecording(request, 'lines of a power meter')
  await store.save(recording)
  const reader = createTextMeterReader({
    units: meter?.units ?? meterTextUnitsSchema.parse({}),
    supplyV
  })
  const seen = { count: 0, firstMs: NaN, lastMs: NaN, probe: [] as number[] }
  const take = async (readings: readonly MeterReading[]): Promise<void> => {
    if (readings.length === 0) return
    if (seen.count === 0) seen.firstMs = readings[0].tMs
    seen.count += readings.length
    seen.lastMs = readings.at(-1)!.tMs
    for (const { tMs } of readings) if (seen.probe.length < probeReadings) seen.probe.push(tMs)
    await store.addSamples(
      id,
      readings.map(({ tMs, powerW }) => powerSample(tMs - seen.firstMs, powerW))
    )
  }
  for await (const text of textPiecesOf(file)) await take(reader.push(text))
  await take(reader.end())
  const { badLines, badExamples } = reader
  if (seen.count < 2 || badLines > seen.count) {
    throw new AppError(
      'data.invalid',
      `${file} holds ${countOf(seen.count, 'reading')} and ${countOf(badLines, 'line')} that ${badLines === 1 ? 'is' : 'are'} none` +
        `${badExamples.length > 0 ? ` (${badExamples[0]})` : ''}.`,
      'Lines are time,current[,voltage], with a header such as time_ms,current_ma,voltage_v.'
    )
  }
  const durationMs = seen.lastMs - seen.firstMs
  const intervalMs = intervalOfReadings(seen.probe)
  Object.assign(recording, {
    startedAtMs: (await stat(file)).mtimeMs - durationMs,
    durationMs,
    ...ofGpus([0], () => request.gpuName ?? 'Board behind a power meter (imported)'),
    powerFields: [meterPowerField],
    ...{ intervalMs, askedHz: 1000 / intervalMs, achievedHz: ((seen.count - 1) * 1000) / durationMs },
    ...{ samples: seen.count, malformedLines: badLines },
    meter: {
      ...{ kind: 'text', source: file, supplyV, readings: seen.count, lost: null, binMs: null },
      badLines: [...badExamples],
      notes: []
    }
  } satisfies Partial<Recording>)
  await store.save(recording)
  const notes = [
    'Times are those of the meter, and the file has no date: the recording is taken to have ended when the file was last ' +
      'written. It has no phases, so the whole of it counts as one.'
  ]
  if (badLines > 0)
    notes.push(
      `${countOf(badLines, 'line')} ${badLines === 1 ? 'was' : 'were'} no reading, e.g. ${badExamples[0]}`
    )
  return { recording, notes }
}
