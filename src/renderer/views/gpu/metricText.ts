import { clockReasonsOf } from '@core/gpu/clockReasons'
import type { GpuMetric } from '@shared/contract/gpu'
import { formatAmount, formatBytes, formatHex, unavailable } from '@shared/units'

/** Name and unit of every metric as the page shows them. */
export const metricNames: Readonly<Record<GpuMetric, { name: string; unit: string }>> = {
  powerW: { name: 'Power', unit: 'W' },
  powerInstantW: { name: 'Power, instant', unit: 'W' },
  powerAverageW: { name: 'Power, average', unit: 'W' },
  smClockMhz: { name: 'SM clock', unit: 'MHz' },
  memoryClockMhz: { name: 'Memory clock', unit: 'MHz' },
  utilizationPercent: { name: 'Utilization', unit: '%' },
  memoryUtilizationPercent: { name: 'Memory utilization', unit: '%' },
  memoryUsedBytes: { name: 'Memory used', unit: 'B' },
  temperatureC: { name: 'Temperature', unit: '°C' },
  memoryTemperatureC: { name: 'Memory temperature', unit: '°C' },
  throttleMask: { name: 'Clock event reasons', unit: '' }
}

/** Names that the page has in other words than verdicts of recordings. */
const pageNames: Readonly<Record<string, string>> = {
  'software thermal slowdown': 'thermal slowdown by software',
  'hardware thermal slowdown': 'thermal slowdown by hardware'
}

/** Reasons of a mask by name, with the mask where it has a bit that is not known: 0x5 -> "GPU idle, power cap". */
function clockReasonsText(mask: number): string {
  const known = clockReasonsOf(mask)
  const rest = known.reduce((left, { bit }) => left - bit, mask)
  const texts = known.map(({ name }) => pageNames[name] ?? name)
  if (rest !== 0) texts.push(formatHex(rest))
  return texts.join(', ') || 'none'
}

/** Returns a metric's value with its unit. */
export function metricText(metric: GpuMetric, value: number | null): string {
  if (value === null) return unavailable
  if (metric === 'memoryUsedBytes') return formatBytes(value)
  if (metric === 'throttleMask') return clockReasonsText(value)
  return formatAmount(value, metricNames[metric].unit)
}
