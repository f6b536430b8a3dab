import { requireProxyKernel } from '../../core/kernel/spec'
import { toDims, toProxySamples } from '../../core/profile/proxyRows'
import { shapeWork } from '../../core/kernel/shape'
import { readProfileCsv } from '../../core/proxy/csv/readCsv'
import { isCountUnit, type ProxyKernelName } from '../../shared/vocabulary'
import { writeCsv } from '../../core/proxy/csv/writeCsv'
import type { Sample } from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import { provenanceColumns } from './sampleColumns'

/**
 * The one kernel and unit that a CSV of these Samples holds.
 *
 * @throws data.missing without Samples, input.invalid for a mix, input.unsupported for a kernel without columns
 */
export function csvKind(kinds: readonly Pick<Sample, 'kernel' | 'unit'>[]): {
  kernel: ProxyKernelName
  unit: Sample['unit']
} {
  const [first, other] = kinds
  if (first === undefined) {
    throw new AppError(
      'data.missing',
      'No Samples match.',
      'Run a profile campaign first, or choose other filters.'
    )
  }
  if (other !== undefined) {
    throw new AppError(
      'input.invalid',
      kinds.every(({ kernel }) => kernel === first.kernel)
        ? 'These Samples mix cycles and instructions.'
        : `These Samples mix kernels (${[...new Set(kinds.map(({ kernel }) => kernel))].join(', ')}).`,
      'A CSV holds one kernel in one unit: choose them, or export to Parquet.'
    )
  }
  return { kernel: requireProxyKernel(first.kernel), unit: first.unit }
}

/** Samples of one kernel and unit as a profile CSV with their provenance in extra columns. */
export function samplesToCsv(
  kind: { kernel: ProxyKernelName; unit: Sample['unit'] },
  samples: readonly Sample[]
): string {
  return writeCsv(toProxySamples(kind.kernel, kind.unit, samples, provenanceColumns(samples)))
}

/** A CSV file of samples to take over. */
export interface ImportOptions {
  text: string
  fileName: string
  kernel: Sample['kernel']
  boardName: string
  unit: Sample['unit']
  origin: Sample['origin']
  campaignId: string
  newId: () => string
  nowMs: number
}

/**
 * A profile CSV as Samples. Provenance columns of our own exports are taken where they stand; other files say only
 * what was measured.
 *
 * @throws data.invalid naming line and column
 */
export function csvToSamples(options: ImportOptions): Sample[] {
  const { text, fileName, kernel, campaignId, newId, nowMs } = options
  const { samples } = readProfileCsv(text, {
    kernel: requireProxyKernel(kernel),
    fileName,
    unit: options.unit
  })
  const { unit } = samples
  if (!isCountUnit(unit)) {
    throw new AppError(
      'data.invalid',
      `${fileName} holds times in ${unit}; Samples are counts of cycles or instructions.`,
      'Convert the times with the clock of the board, or fit a proxy on the file itself (bitbench proxy fit).'
    )
  }
  const label = (name: string, row: number): string | null => {
    const value = samples.labels?.[name]?.[row]
    return value === undefined || value === '' ? null : value
  }
  const number = (name: string, row: number): number | null => {
    const value = Number(label(name, row) ?? NaN)
    return Number.isFinite(value) ? value : null
  }
  return Array.from({ length: samples.count }, (_, row): Sample => {
    const dims = toDims(
      samples.kernel,
      samples.dims.map((column) => column[row])
    )
    const time = samples.time[row]
    return {
      id: newId(),
      campaignId,
      kernel,
      dims,
      activationBits: samples.activationBits[row],
      weightBits: samples.weightBits[row],
      time,
      timeMin: time,
      timeMax: time,
      unit,
      cycles: number('Cycles', row) ?? (samples.unit === 'cycles' ? time : null),
      instructions: number('Instructions', row) ?? (samples.unit === 'instructions' ? time : null),
      macs: shapeWork({ kernel, dims }).macs,
      repetitions: number('Repetitions', row) ?? 1,
      seed: number('Seed', row) ?? 0,
      checksum: number('Checksum', row),
      verified: false,
      origin: options.origin,
      method: label('Method', row) ?? `imported from ${fileName}`,
      boardId: `import:${options.boardName}`,
      boardKind: 'import',
      boardName: options.boardName,
      isa: label('Isa', row) ?? 'unknown',
      coreName: label('Core', row) ?? options.boardName,
      buildId: number('BuildId', row),
      clockHz: number('ClockHz', row),
      measuredAtMs: Date.parse(label('MeasuredAt', row) ?? '') || nowMs
    }
  })
}
