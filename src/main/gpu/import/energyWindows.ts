import { counterOfWindows, type EnergyWindows } from '../../../core/gpu/import/energyWindows'
import type { PhaseMark, Recording } from '../../../shared/contract/gpu'
import type { GpuStore } from '../store/gpuStore'
import { blankRecording, ofGpus, savePhases, type Imported, type ImportRequest } from './blankRecording'

/** Energies by stretch of time, as Zeus and CodeCarbon write them: phases with a counter, without power readings. */
export async function importWindows(
  request: ImportRequest,
  store: GpuStore,
  { windows, gpus, notes }: EnergyWindows,
  kind: 'zeus' | 'codeCarbon'
): Promise<Imported> {
  const from = kind === 'zeus' ? 'Zeus' : 'CodeCarbon'
  const zeroMs = windows[0].fromMs
  const trials = new Map<string, number>()
  const phases = windows.map((window): PhaseMark => {
    const trial = (trials.get(window.name) ?? 0) + 1
    trials.set(window.name, trial)
    const { name, fromMs, toMs } = window
    return { name, trial, fromMs: fromMs - zeroMs, toMs: toMs - zeroMs, repetitions: null, ended: true }
  })
  const readings = gpus.flatMap(({ index }) =>
    counterOfWindows(windows, index, zeroMs).map((reading) => ({
      ...reading,
      ...{ source: 'nvml' as const, name: '', gpuIndex: index }
    }))
  )
  const recording: Recording = {
    ...blankRecording(request, from),
    startedAtMs: zeroMs,
    durationMs: windows[windows.length - 1].toMs - zeroMs,
    ...ofGpus(
      gpus.map(({ index }) => index),
      (index) => request.gpuName ?? gpus.find((gpu) => gpu.index === index)?.name
    ),
    powerFields: gpus.map(() => null),
    counter: !readings.some(({ energyJ }) => !Number.isNaN(energyJ))
      ? { state: 'unavailable', reason: `${from} read no GPU energy.`, source: null }
      : { state: 'read', reason: null, source: from }
  }
  await store.save(recording)
  await store.addCounters(request.id, readings)
  await savePhases(store, request.id, phases)
  return { recording, notes: [...notes, 'Energies only: there are no power readings to compare them with.'] }
}
