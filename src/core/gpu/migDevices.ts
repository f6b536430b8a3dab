/** A slice of a GPU as `nvidia-smi -L` lists it. */
export interface MigDevice {
  profile: string
  device: number
  uuid: string
}

/**
 * Reads `nvidia-smi -L`: "GPU 0: NAME (UUID: GPU-...)" and, indented below it, "MIG 1g.5gb Device 0: (UUID: MIG-...)".
 *
 * @returns the slices by GPU index
 */
export function parseMigDevices(text: string): Map<number, MigDevice[]> {
  const byGpu = new Map<number, MigDevice[]>()
  let gpu = -1
  for (const line of text.split(/\r?\n/)) {
    const card = /^GPU (\d+):/.exec(line)
    if (card !== null) gpu = Number(card[1])
    const slice = /^\s+MIG\s+(\S+)\s+Device\s+(\d+):\s+\(UUID:\s*([^)\s]+)\)/.exec(line)
    if (slice === null || gpu < 0) continue
    const known = byGpu.get(gpu) ?? []
    known.push({ profile: slice[1], device: Number(slice[2]), uuid: slice[3] })
    byGpu.set(gpu, known)
  }
  return byGpu
}
