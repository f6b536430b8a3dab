import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'

/** A process that has a port open. */
export interface PortHolder {
  pid: number
  command: string
}

/**
 * Who has the device open, read from /proc; empty where the system does not tell (other platforms, or processes of
 * other users).
 */
export async function findPortHolders(device: string, procFolder = '/proc'): Promise<PortHolder[]> {
  const target = await realpath(device).catch(() => device)
  const pids = (await readdir(procFolder).catch(() => [])).filter((name) => /^\d+$/.test(name))
  const holders = await Promise.all(
    pids.map(async (pid): Promise<PortHolder | null> => {
      const folder = path.join(procFolder, pid, 'fd')
      const files = await readdir(folder).catch(() => [])
      for (const file of files) {
        const link = await readlink(path.join(folder, file)).catch(() => null)
        if (link !== target) continue
        const command = await readFile(path.join(procFolder, pid, 'comm'), 'utf8').catch(() => 'unknown')
        return { pid: Number(pid), command: command.trim() }
      }
      return null
    })
  )
  return holders.filter((holder) => holder !== null)
}
