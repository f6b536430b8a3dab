import { metricAt, metricCount, type GpuSample } from '../gpu/metrics'

/** A reading of a power meter as recordings keep it: only its power is there. */
export function powerSample(tMs: number, powerW: number): GpuSample {
  const values = new Float64Array(metricCount).fill(NaN)
  values[metricAt.powerW] = powerW
  return { gpuIndex: 0, tMs, values }
}
