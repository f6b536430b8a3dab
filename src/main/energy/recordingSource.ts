import type { CounterTrace } from '../../core/energy/energyCounter'
import type { ReadingSpan } from '../../core/energy/powerTrace'
import type { Gap, GpuMetric, PhaseMark, Recording } from '../../shared/contract/gpu'

/** What energy needs of recordings; the gpu noun's store fits. */
export interface RecordingSource {
  recording(id: string): Promise<Recording>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
  /** Time of the last reading, ms after the first; 0 without any. */
  lastMs(id: string): Promise<number>
  /**
   * All readings, passed on as columns: GPU index, time in ms, then one column for each metric, NaN where unavailable. The
   * times of a GPU ascend. `begin` is called again when the readings are passed on from the beginning once more.
   */
  readings(
    id: string,
    metrics: readonly GpuMetric[],
    begin: () => (columns: readonly Float64Array[]) => void | Promise<void>
  ): Promise<void>
  /** Likewise those of one GPU in a span, as two columns: time in ms and the metric. */
  readingsWithin(
    id: string,
    metric: GpuMetric,
    span: ReadingSpan,
    begin: () => (columns: readonly Float64Array[]) => void | Promise<void>
  ): Promise<void>
  counter(id: string, source: 'nvml' | 'rapl', name: string, gpuIndex: number): Promise<CounterTrace>
  counterZones(id: string): Promise<string[]>
}
