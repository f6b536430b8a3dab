import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { createUnwrapper } from '../../../core/energy/energyCounter'

/** Linux's power capping tree. */
export const powercapFolder = '/sys/class/powercap'

/** One RAPL zone of the processor: "package-0", "psys". */
export interface RaplZone {
  readonly name: string
  /** Energy in J since the zone was opened or before; goes on where the counter of the zone wraps around. */
  readJ(): Promise<number>
}

/**
 * Processor energy counters that this user may read: top-level zones only, since sub-zones (core, uncore, dram of a
 * package) are parts of their package on most processors.
 *
 * Source: Linux Documentation/power/powercap/powercap.rst (energy_uj, max_energy_range_uj); since 5.10 energy_uj is
 * readable by root alone.
 *
 * @returns the zones, or why there are none
 */
export async function openRapl(
  folder: string = powercapFolder
): Promise<{ zones: RaplZone[]; reason: string | null }> {
  const entries = await readdir(folder).catch(() => [])
  const found = entries.filter((entry) => /^(intel|amd)-rapl:\d+$/.test(entry)).sort()
  if (found.length === 0) return { zones: [], reason: `There is no RAPL counter under ${folder}.` }
  const zones: RaplZone[] = []
  let refused: string | null = null
  for (const entry of found) {
    try {
      zones.push(await openZone(path.join(folder, entry)))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      refused =
        code === 'EACCES' || code === 'EPERM'
          ? `${path.join(folder, entry, 'energy_uj')} may be read by root alone on this machine.`
          : `${path.join(folder, entry)} cannot be read: ${(cause as Error).message}`
    }
  }
  return { zones, reason: zones.length === 0 ? refused : null }
}

async function openZone(folder: string): Promise<RaplZone> {
  const number = async (name: string): Promise<number> => {
    const text = (await readFile(path.join(folder, name), 'utf8')).trim()
    if (!/^\d+$/.test(text)) throw new Error(`${name} holds "${text}", which is no number`)
    return Number(text)
  }
  const name = (await readFile(path.join(folder, 'name'), 'utf8')).trim()
  const unwrap = createUnwrapper(await number('max_energy_range_uj'))
  unwrap(await number('energy_uj'))
  return { name, readJ: async () => unwrap(await number('energy_uj')) / 1e6 }
}
