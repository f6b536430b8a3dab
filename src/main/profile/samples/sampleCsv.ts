import { z } from 'zod'
import { requireProxyKernel } from '../../../core/kernel/spec'
import { toDims, toProxySamples } from '../../../core/profile/proxyRows'
import { shapeWork } from '../../../core/kernel/shape'
import type { SampleTable } from '../../../core/proxy/samples'
import { isSampleUnit, origins, type ProxyKernelName } from '../../../shared/vocabulary'
import { writeCsv } from '../../../core/proxy/csv/writeCsv'
import type { Sample } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
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
        ? `These Samples mix ${kinds.map(({ unit }) => unit).join(' and ')}.`
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

/** Whose measurements a table of a CSV file is. */
export interface ImportOptions {
  fileName: string
  kernel: Sample['kernel']
  boardName: string
  /** Null: what the column Origin says, measured in a file without it. */
  origin: Sample['origin'] | null
  campaignId: string
  newId: () => string
  nowMs: number
}

const anyCount = z.number().positive()
const word = z.int().min(0).max(0xffff_ffff)

/** Columns of provenance that hold numbers, as they are headed in our own exports, and what they can hold. */
const numberColumns = {
  Cycles: anyCount,
  Instructions: anyCount,
  Repetitions: word.min(1),
  Seed: word,
  Checksum: word,
  BuildId: word,
  ClockHz: z.number().positive()
} as const

/** Samples that are made at a time: a few milliseconds of work. */
const batchRows = 1024

/**
 * The rows of a profile CSV as Samples, in batches that are made when they are taken. Provenance columns of our own exports
 * are taken where they stand; other files say only what was measured.
 *
 * @throws data.invalid for times in another unit than Samples have, before the first batch
 */
export function csvToSamples(samples: SampleTable, options: ImportOptions): Iterable<Sample[]> {
  const { unit } = samples
  const { fileName } = options
  if (!isSampleUnit(unit)) {
    throw new AppError(
      'data.invalid',
      `${fileName} holds times in ${unit}; Samples are cycles, instructions or nJ.`,
      'Convert the times with the clock of the board, or fit a proxy on the file itself (bitbench proxy fit).'
    )
  }
  return sampleBatches(samples, { ...options, unit })
}

function* sampleBatches(
  samples: SampleTable,
  options: ImportOptions & { unit: Sample['unit'] }
): Generator<Sample[]> {
  for (let from = 0; from < samples.count; from += batchRows) {
    const count = Math.min(batchRows, samples.count - from)
    yield Array.from({ length: count }, (_, index) => sampleOf(samples, from + index, options))
  }
}

function sampleOf(
  samples: SampleTable,
  row: number,
  { unit, kernel, fileName, newId, nowMs, ...options }: ImportOptions & { unit: Sample['unit'] }
): Sample {
  const label = (name: string): string | null => {
    const value = samples.labels?.[name]?.[row]
    return value === undefined || value === '' ? null : value
  }
  const number = (name: keyof typeof numberColumns): number | null => {
    const text = label(name)
    const value = Number(text ?? NaN)
    if (!Number.isFinite(value)) return null
    if (!numberColumns[name].safeParse(value).success) throw wrongProvenance(fileName, row, name, text ?? '')
    return value
  }
  const origin = (): Sample['origin'] => {
    const text = label('Origin')
    if (text === null) return 'measured'
    const known = origins.find((one) => one === text.trim().toLowerCase())
    if (known === undefined) throw wrongProvenance(fileName, row, 'Origin', text)
    return known
  }
  const dims = toDims(
    samples.kernel,
    samples.dims.map((column) => column[row])
  )
  const time = samples.time[row]
  return {
    id: newId(),
    campaignId: options.campaignId,
    kernel,
    dims,
    activationBits: samples.activationBits[row],
    weightBits: samples.weightBits[row],
    time,
    timeMin: time,
    timeMax: time,
    unit,
    cycles: number('Cycles') ?? (samples.unit === 'cycles' ? time : null),
    instructions: number('Instructions') ?? (samples.unit === 'instructions' ? time : null),
    macs: shapeWork({ kernel, dims }).macs,
    repetitions: number('Repetitions') ?? 1,
    seed: number('Seed') ?? 0,
    checksum: number('Checksum'),
    verified: false,
    origin: options.origin ?? origin(),
    method: label('Method') ?? `imported from ${fileName}`,
    boardId: importedBoardId(options.boardName),
    boardKind: 'import',
    boardName: options.boardName,
    isa: label('Isa') ?? 'unknown',
    coreName: label('Core') ?? options.boardName,
    buildId: number('BuildId'),
    clockHz: number('ClockHz'),
    measuredAtMs: Date.parse(label('MeasuredAt') ?? '') || nowMs
  }
}

/** Id of the board that imported Samples are of. */
export const importedBoardId = (boardName: string): string => `import:${boardName}`

function wrongProvenance(fileName: string, row: number, name: string, text: string): AppError {
  return new AppError(
    'data.invalid',
    `${fileName}, row ${row + 1}: ${name} cannot be "${text.slice(0, 40)}".`,
    'Correct it, or leave the column out: only the shape, the bits and the time are needed.'
  )
}
