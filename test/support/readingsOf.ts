import type { GpuStore } from '@main/gpu/store/gpuStore'
import type { GpuMetric } from '@shared/contract/gpu'

/** One metric of one GPU of a recording over time, NaN where unavailable. */
export async function readingsOf(
  store: Pick<GpuStore, 'readings'>,
  id: string,
  gpuIndex: number,
  metric: GpuMetric
): Promise<{ tMs: Float64Array; values: Float64Array }> {
  let rows: [tMs: number, value: number][] = []
  await store.readings(id, [metric], () => {
    rows = []
    return ([gpus, tMs, values]) =>
      void gpus!.forEach((gpu, at) => {
        if (gpu === gpuIndex) rows.push([tMs![at]!, values![at]!])
      })
  })
  return {
    tMs: Float64Array.from(rows, ([t]) => t),
    values: Float64Array.from(rows, ([, value]) => value)
  }
}
