import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'

/** A process that has a port open. */
export interface PortHolder {
  pid: number
  command: string
}

/**
 * Who has the device open: from the open files in /proc, which shows this user's processes (root sees all), and from
 * the lock file that terminal programs leave (`LCK..ttyUSB0` with their process id, Filesystem Hierarchy Standard 5.9),
 * which shows other users' too. Empty where the system does not say.
 */
export async function findPortHolders(
  device: string,
  procFolder = '/proc',
  lockFolder = '/var/lock'
): Promise<PortHolder[]> {
  const target = await realpath(device).catch(() => device)
  const pids = (await readdir(procFolder).catch(() => [])).filter((name) => /^\d+$/.test(name))
  const open = await Promise.all(
    pids.map(async (pid) => ((await holds(procFolder, pid, target)) ? pid : null))
  )
  const locked = await lockOwner(lockFolder, path.basename(target))
  // A lock whose process has ended is stale.
  const all = new Set([...open, locked !== null && pids.includes(locked) ? locked : null])
  return await Promise.all(
    [...all]
      .filter((pid) => pid !== null)
      .map(async (pid) => ({ pid: Number(pid), command: await nameOf(procFolder, pid) }))
  )
}

async function holds(procFolder: string, pid: string, target: string): Promise<boolean> {
  const folder = path.join(procFolder, pid, 'fd')
  for (const file of await readdir(folder).catch(() => [])) {
    if ((await readlink(path.join(folder, file)).catch(() => null)) === target) return true
  }
  return false
}

async function lockOwner(lockFolder: string, name: string): Promise<string | null> {
  const text = await readFile(path.join(lockFolder, `LCK..${name}`), 'utf8').catch(() => '')
  return /^\s*(\d+)/.exec(text)?.[1] ?? null
}

async function nameOf(procFolder: string, pid: string): Promise<string> {
  return (await readFile(path.join(procFolder, pid, 'comm'), 'utf8').catch(() => 'unknown')).trim()
}
