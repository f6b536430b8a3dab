import type {
  BenchmarkRow,
  MeasuredFigure,
  ImpactRow,
  LayerRow,
  WorkloadTables
} from '@shared/contract/workload/workloadRows'

/** A VALID figure with an interval of +-10 %. */
export function figure(value: number, changes: Partial<MeasuredFigure> = {}): MeasuredFigure {
  return {
    value,
    low: 0.9 * value,
    high: 1.1 * value,
    n: 4,
    origin: 'measured',
    verdict: 'VALID',
    reason: null,
    ...changes
  }
}

export const missing: MeasuredFigure = {
  value: null,
  low: null,
  high: null,
  n: 0,
  origin: 'measured',
  verdict: 'unavailable',
  reason: 'No GPU.'
}

export function layerRow(layer: string, energyJ: number | null, changes: Partial<LayerRow> = {}): LayerRow {
  const energy = energyJ === null ? missing : figure(energyJ)
  return {
    layer,
    type: 'ffn',
    className: 'Linear',
    sharedWith: [],
    parameters: 100,
    macs: 1000,
    calls: 1,
    sameAs: null,
    timeUs: figure(50),
    energyTotalJ: energy,
    energyNetJ: energy,
    meanPowerW: energyJ === null ? missing : figure(100),
    timeShare: 0.25,
    energyShare: energyJ === null ? null : 0.25,
    startC: null,
    copies: null,
    ...changes
  }
}

export function impactRow(layer: string, kl: number, changes: Partial<ImpactRow> = {}): ImpactRow {
  return {
    layer,
    type: 'ffn',
    change: 'mean',
    klNats: figure(kl),
    metric: 'accuracy',
    quality: figure(0.8),
    qualityChange: figure(-0.1 * kl),
    perplexityRatio: null,
    mcNemar: { lost: 3, gained: 1, p: 0.625 },
    changedShare: 0.1,
    impactScore: 0.5,
    klRank: 1,
    qualityRank: 1,
    ...changes
  }
}

export function benchmarkRow(
  precision: BenchmarkRow['precision'],
  latencyUs: number,
  changes: Partial<BenchmarkRow> = {}
): BenchmarkRow {
  return {
    precision,
    batch: 8,
    latencyMeanUs: figure(latencyUs),
    latencyP50Us: figure(latencyUs),
    latencyP95Us: figure(1.2 * latencyUs),
    speedup: figure(1000 / latencyUs),
    throughputPerS: figure(8e6 / latencyUs),
    energyTotalJ: figure(latencyUs / 1000),
    energyNetJ: figure(latencyUs / 2000),
    meanPowerW: figure(125),
    metric: 'accuracy',
    quality: figure(0.91, { low: 0.89, high: 0.93, n: 872 }),
    weightBytes: 1e6,
    startC: null,
    ...changes
  }
}

/** Eight layers whose energy falls while their KL rises, with a benchmark of two precisions. */
export function sampleTables(changes: Partial<WorkloadTables> = {}): WorkloadTables {
  const energy = [8, 7, 6, 5, 4, 3, 2, 1]
  const kl = [0.1, 0.3, 0.2, 0.4, 0.9, 0.6, 0.8, 0.7]
  const types = ['embedding', 'attention', 'ffn', 'norm'] as const
  const layers = energy.map((joule, at) =>
    layerRow(`h.${at}`, joule, { type: types[at % 4]!, timeShare: joule / 36, energyShare: joule / 36 })
  )
  const impacts = kl.flatMap((nats, at) => [
    impactRow(`h.${at}`, nats, { type: types[at % 4]!, impactScore: (at + 1) / 8 }),
    impactRow(`h.${at}`, nats / 100, { type: types[at % 4]!, change: 'int8' })
  ])
  return {
    benchmark: [benchmarkRow('fp32', 1000), benchmarkRow('fp16', 500)],
    layers,
    impacts,
    closure: { timePercent: 96, energyPercent: 91, verdict: 'VALID', reason: null },
    notes: [],
    ...changes
  }
}
