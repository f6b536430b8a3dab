import { counterReader } from '../../core/energy/energyCounter'
import { idleDrift, summariesOf } from '../../core/energy/traceAnalyser'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { energyContract, EnergyReport } from '../../shared/contract/energy'
import type { PhaseMark, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { analyseReadings, migNotes, moreTrialsOf, readSubjects, strangerDoubts } from './analyseReadings'
import type { EnergyStore } from './energyStore'
import type { RecordingSource } from './recordingSource'
import { stretchReadings } from './stretchReadings'

/** Energy of recordings for the contract and for workloads. */
export interface EnergyService {
  handlers: HandlersOf<typeof energyContract>
  /** @throws energy.noRecording; input.invalid while it is still running */
  report(recordingId: string, confidence?: number): Promise<EnergyReport>
  /** Of a running recording: the phases that ended before its last stored reading. Not kept. @throws energy.noRecording */
  reportSoFar(recordingId: string): Promise<EnergyReport>
  /** A recording was deleted: so are its figures. */
  forget(recordingId: string): Promise<void>
  exportPhases(recordingId: string, file: string, format: 'csv' | 'parquet'): Promise<number>
}

/** A report with its intervals at another confidence; everything else in it does not depend on that. */
function atConfidence(report: EnergyReport, recording: Recording, confidence: number): EnergyReport {
  if (report.confidence === confidence) return report
  const summaries = report.gpus.flatMap(({ gpuIndex, sensor, strangers, idle, idleAfter }) =>
    summariesOf(
      report.phases.filter((phase) => phase.gpuIndex === gpuIndex),
      sensor,
      confidence,
      strangerDoubts(strangers),
      [...migNotes(recording, gpuIndex), ...idleDrift(idle, idleAfter, sensor)],
      moreTrialsOf(recording)
    )
  )
  return { ...report, confidence, summaries }
}

/** Works the energy of a recording out. */
async function analyse(
  source: RecordingSource,
  recording: Recording,
  confidence: number
): Promise<EnergyReport> {
  const recordingId = recording.id
  const out: EnergyReport = {
    recordingId,
    origin: recording.origin,
    confidence,
    driverVersion: recording.driverVersion,
    gpus: [],
    clockLock: recording.clockLock,
    cpu: { counter: recording.cpuCounter, zones: [] },
    phases: [],
    summaries: []
  }
  const subjects = await readSubjects(source, recording, confidence)
  const analyses = await analyseReadings(source, recordingId, subjects)
  for (const [at, gpu] of recording.gpus.entries()) {
    const { powerField, subject } = subjects[at]
    const { idle, idleAfter, phases, summaries } = analyses[at]
    out.gpus.push({
      gpuIndex: gpu.index,
      name: gpu.name,
      powerField,
      sensor: subject.sensor,
      askedHz: recording.askedHz,
      achievedHz: recording.achievedHz,
      temperatureBeforeC: recording.temperatureBeforeC[at] ?? null,
      temperatureAfterC: recording.temperatureAfterC[at] ?? null,
      ...{ idle, idleAfter },
      counter: recording.counter,
      strangers: recording.strangers.filter((stranger) => stranger.gpuIndex === gpu.index)
    })
    out.phases.push(...phases)
    out.summaries.push(...summaries)
  }
  const first = out.phases.filter((phase) => phase.gpuIndex === out.gpus[0]?.gpuIndex)
  out.cpu.zones.push(...(await zonesOf(source, recordingId, first)))
  return out
}

/** Energy of the processor's zones in these phases. */
async function zonesOf(
  source: RecordingSource,
  recordingId: string,
  phases: EnergyReport['phases']
): Promise<EnergyReport['cpu']['zones']> {
  const zones: EnergyReport['cpu']['zones'] = []
  for (const name of await source.counterZones(recordingId)) {
    const energyBetween = counterReader(await source.counter(recordingId, 'rapl', name, -1))
    zones.push({
      name,
      phases: phases.map(({ name: phase, trial, fromMs, toMs }) => ({
        name: phase,
        trial,
        energyJ: energyBetween(fromMs, toMs)
      }))
    })
  }
  return zones
}

/** Returns the service that works out and keeps energy reports. */
export function createEnergyService(deps: {
  source: () => Promise<RecordingSource>
  store: () => Promise<EnergyStore>
}): EnergyService {
  /** Reports that are being made: a page and an export that request one at once share it. */
  const making = new Map<string, Promise<EnergyReport>>()
  const report: EnergyService['report'] = async (recordingId, confidence = 0.95) => {
    const source = await deps.source()
    const recording = await source.recording(recordingId)
    if (recording.state === 'running') {
      throw new AppError(
        'input.invalid',
        'This recording is still running.',
        'Stop it first; then it is analysed.'
      )
    }
    const store = await deps.store()
    const known = await store.find(recordingId)
    if (known !== null) return atConfidence(known, recording, confidence)
    const started =
      making.get(recordingId) ?? make(source, recording, confidence).finally(() => making.delete(recordingId))
    making.set(recordingId, started)
    return atConfidence(await started, recording, confidence)
  }
  const make = async (
    source: RecordingSource,
    recording: Recording,
    confidence: number
  ): Promise<EnergyReport> => {
    const out = await analyse(source, recording, confidence)
    await (await deps.store()).save(out)
    return out
  }
  return {
    report,
    async reportSoFar(recordingId) {
      const source = await deps.source()
      const lastMs = await source.lastMs(recordingId)
      const phases = async (id: string): Promise<PhaseMark[]> =>
        (await source.phases(id)).filter((phase) => phase.ended && phase.toMs <= lastMs)
      return await analyse({ ...source, phases }, await source.recording(recordingId), 0.95)
    },
    forget: async (recordingId) => (await deps.store()).forget(recordingId),
    async exportPhases(recordingId, file, format) {
      await report(recordingId)
      const { idleAfterMs } = await (await deps.source()).recording(recordingId)
      return (await deps.store()).export(recordingId, file, format, idleAfterMs)
    },
    handlers: {
      'energy.report': ({ recordingId, confidence }) => report(recordingId, confidence),
      'energy.stretch': async ({ recordingId, ...span }) =>
        stretchReadings(await deps.source(), recordingId, span)
    }
  }
}
