import { parseCell } from './smiCell'

/** Query fields of the processes on the GPUs; the name comes last, since a path may hold commas. */
export const computeAppFields = ['gpu_uuid', 'pid', 'used_memory', 'process_name'] as const

/** A process that computes on a GPU, as `nvidia-smi --query-compute-apps` lists it. */
export interface ComputeApp {
  gpuUuid: string
  pid: number
  usedMemoryBytes: number | null
  name: string
}

/** Reads `nvidia-smi --query-compute-apps=... --format=csv,noheader`; lines that are no process are left out. */
export function parseComputeApps(text: string): ComputeApp[] {
  const apps: ComputeApp[] = []
  for (const line of text.split(/\r?\n/)) {
    const cells = line.split(',').map((cell) => cell.trim())
    if (cells.length < computeAppFields.length || !/^\d+$/.test(cells[1])) continue
    const memory = parseCell(cells[2], 'memory', null)
    apps.push({
      gpuUuid: cells[0],
      pid: Number(cells[1]),
      usedMemoryBytes: 'value' in memory ? memory.value : null,
      name: cells.slice(3).join(', ')
    })
  }
  return apps
}
