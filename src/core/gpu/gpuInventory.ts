import type { GpuField } from '../../shared/contract/gpu'
import { metricSpecs } from './metrics'
import { parseCell } from './smiCell'

/** Identity columns of the listing query. `name` comes last: it is free text and may hold commas. */
export const identityFields = [
  'index',
  'uuid',
  'driver_version',
  'memory.total',
  'enforced.power.limit'
] as const

/** Identity columns that older drivers do not know. */
export const optionalIdentityFields = ['pci.bus_id', 'mig.mode.current'] as const

/** Those of the optional columns that the driver lists; the bus id is old enough to be queried without its help. */
export function chooseIdentity(known: ReadonlySet<string>): string[] {
  return optionalIdentityFields.filter((field) =>
    known.size === 0 ? field === 'pci.bus_id' : known.has(field)
  )
}

/** A GPU as nvidia-smi lists it; null where a field is not available. */
export interface ListedGpu {
  index: number
  uuid: string | null
  name: string
  driverVersion: string
  memoryTotalBytes: number | null
  powerLimitW: number | null
  pciBusId: string | null
  migEnabled: boolean | null
  fields: GpuField[]
}

/** The columns of the listing query for these per-metric fields (metric order, null = not queried). */
export function listingQuery(fields: readonly (string | null)[], optional: readonly string[] = []): string[] {
  return [...identityFields, ...optional, ...fields.filter((field) => field !== null), 'name']
}

/**
 * Reads the output of the listing query (`--format=csv`, one row per GPU). What a GPU does not report is a field with
 * `supported: false` and nvidia-smi's words for it; messages among the rows are returned as `stray`.
 */
export function parseListing(
  text: string,
  fields: readonly (string | null)[],
  optional: readonly string[] = []
): { gpus: ListedGpu[]; stray: string[] } {
  const query = listingQuery(fields, optional)
  const gpus: ListedGpu[] = []
  const stray: string[] = []
  let headerUnits: (string | null)[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue
    const cells = line.split(',').map((cell) => cell.trim())
    if (/^index\b/i.test(cells[0])) {
      headerUnits = cells.map((cell) => /\[([^\]]*)\]$/.exec(cell)?.[1] ?? null)
      continue
    }
    if (cells.length < query.length || !/^\d{1,4}$/.test(cells[0])) {
      stray.push(line)
      continue
    }
    const number = (at: number, dimension: 'memory' | 'power'): number | null => {
      const cell = parseCell(cells[at], dimension, headerUnits[at] ?? null)
      return 'value' in cell ? cell.value : null
    }
    const optionalCell = (field: string): string | null => {
      return optional.includes(field)
        ? identityOf(cells[identityFields.length + optional.indexOf(field)])
        : null
    }
    let at = identityFields.length + optional.length
    const read = fields.map((field, position): GpuField => {
      const { metric, dimension } = metricSpecs[position]
      if (field === null) {
        return { metric, field, supported: false, value: null, reason: 'unknown to this driver' }
      }
      const cell = parseCell(cells[at], dimension, headerUnits[at] ?? null)
      at++
      return 'value' in cell
        ? { metric, field, supported: true, value: cell.value, reason: null }
        : { metric, field, supported: false, value: null, reason: cell.reason }
    })
    gpus.push({
      index: Number(cells[0]),
      uuid: identityOf(cells[1]),
      name: cells.slice(query.length - 1).join(', '),
      driverVersion: cells[2],
      memoryTotalBytes: number(3, 'memory'),
      powerLimitW: number(4, 'power'),
      pciBusId: optionalCell('pci.bus_id'),
      migEnabled: migEnabledOf(optionalCell('mig.mode.current')),
      fields: read
    })
  }
  return { gpus, stray }
}

/** What identifies a GPU; null for the words that nvidia-smi prints in its place ("[N/A]", "N/A", "ERR!"). */
function identityOf(cell: string): string | null {
  return cell === '' || /^(\[|N\/A$|ERR!)/i.test(cell) ? null : cell
}

function migEnabledOf(mode: string | null): boolean | null {
  return mode === 'Enabled' ? true : mode === 'Disabled' ? false : null
}
