import type { CounterTrace } from '../../../core/energy/energyCounter'
import type { TrackedPhase } from '../../../core/gpu/phaseMarks'
import type { Gap, HostLoad, PhaseMark } from '../../../shared/contract/gpu'
import { fieldColumns } from '../../store/fieldColumns'
import type { Store } from '../../store/store'
import type { CounterReading } from '../counters/counterSampler'

const phaseColumns = fieldColumns<PhaseMark>(['name', 'trial', 'fromMs', 'toMs', 'repetitions', 'ended'])
const gapColumns = fieldColumns<Gap>(['fromMs', 'toMs', 'reason'])
const loadColumns = fieldColumns<HostLoad>(['tMs', 'cpuPercent', 'memoryUsedBytes', 'memoryTotalBytes'])
const counterColumns = fieldColumns<CounterReading>(['source', 'name', 'gpuIndex', 'tMs', 'energyJ'])

/** What is stored beside the samples of a recording: phases, gaps, load of the host, energy counters. */
export interface RecordedParts {
  addHostLoad(id: string, loads: readonly HostLoad[]): Promise<void>
  addGaps(id: string, gaps: readonly Gap[]): Promise<void>
  /** Stores phases under their sequence numbers, replacing what stood there. */
  savePhases(id: string, phases: readonly TrackedPhase[]): Promise<void>
  addCounters(id: string, readings: readonly CounterReading[]): Promise<void>
  /** Readings of one counter in the order of time; empty arrays when it was not read. */
  counter(id: string, source: CounterReading['source'], name: string, gpuIndex: number): Promise<CounterTrace>
  /** Names of the processor's counters that were read. */
  counterZones(id: string): Promise<string[]>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
}

/** Returns the parts of recordings in a data file. */
export function createRecordedParts(store: Store): RecordedParts {
  return {
    addHostLoad: (id, loads) =>
      store.append(
        'gpu_host_load',
        loads.map((load) => ({ recording_id: id, ...loadColumns.row(load) }))
      ),
    addGaps: (id, gaps) =>
      store.append(
        'gpu_gap',
        gaps.map((gap) => ({ recording_id: id, ...gapColumns.row(gap) }))
      ),
    addCounters: (id, readings) =>
      store.append(
        'gpu_counter',
        readings.map((reading) => ({ recording_id: id, ...counterColumns.row(reading) }))
      ),
    savePhases: (id, phases) => savePhases(store, id, phases),
    async counter(id, source, name, gpuIndex) {
      const [tMs, energyJ] = await store.columns(
        `SELECT t_ms, energy_j FROM gpu_counter WHERE recording_id = $1 AND source = $2 AND name = $3
           AND gpu_index = $4 ORDER BY t_ms`,
        [id, source, name, gpuIndex]
      )
      return { tMs, energyJ }
    },
    async counterZones(id) {
      const rows = await store.all<{ name: string }>(
        "SELECT DISTINCT name FROM gpu_counter WHERE recording_id = $1 AND source = 'rapl' ORDER BY name",
        [id]
      )
      return rows.map((row) => row.name)
    },
    phases: (id) =>
      store.all<PhaseMark>(
        `SELECT ${phaseColumns.select} FROM gpu_phase WHERE recording_id = $1 ORDER BY from_ms, sequence, to_ms DESC`,
        [id]
      ),
    gaps: (id) =>
      store.all<Gap>(`SELECT ${gapColumns.select} FROM gpu_gap WHERE recording_id = $1 ORDER BY from_ms`, [
        id
      ])
  }
}

/** Of several states of one phase only the last counts: an appended row cannot replace its twin. */
async function savePhases(store: Store, id: string, phases: readonly TrackedPhase[]): Promise<void> {
  const last = new Map(phases.map(({ sequence, phase }) => [sequence, phase]))
  await store.transaction(async (session) => {
    for (const sequence of last.keys()) {
      await session.run('DELETE FROM gpu_phase WHERE recording_id = $1 AND sequence = $2', [id, sequence])
    }
    await session.append(
      'gpu_phase',
      [...last].map(([sequence, phase]) => ({ recording_id: id, sequence, ...phaseColumns.row(phase) }))
    )
  })
}
