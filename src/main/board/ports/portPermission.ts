import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { readTty } from './serialPorts'

/** Who may open a device, and by which USB ids a udev rule would find it. */
export interface PortOwner {
  /** Group of the device node, e.g. `dialout` (Debian) or `uucp` (Arch); null where the system does not report it. */
  group: string | null
  vendorId: string | null
  productId: string | null
}

/** Returns owner, group and mode of a device, and the group's name. */
export async function readPortOwner(
  device: string,
  system: { groupFile: string; sysFolder: string } = { groupFile: '/etc/group', sysFolder: '/sys/class/tty' }
): Promise<PortOwner> {
  const node = await stat(device).catch(() => null)
  const groups = await readFile(system.groupFile, 'utf8').catch(() => '')
  // name:password:id:members, group(5).
  const line = groups.split('\n').find((text) => text.split(':')[2] === String(node?.gid))
  const port = await readTty(system.sysFolder, path.basename(device)).catch(() => null)
  return {
    group: node === null ? null : (line?.split(':')[0] ?? null),
    vendorId: port?.vendorId ?? null,
    productId: port?.productId ?? null
  }
}
