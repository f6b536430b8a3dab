import type { PortEntry } from './serialPorts'

/**
 * What makes a port the same after an unplug: the USB serial number, and the interface on chips that bring several
 * ports under one number (an FT2232 has JTAG on one and the UART on the other). Paths are assigned again each time.
 */
export interface PortIdentity {
  serialNumber: string | null
  /** USB bInterfaceNumber as the system writes it, e.g. `01`; null where the system does not report it. */
  interfaceNumber: string | null
}

/** Whether a listed port is that board. Without a serial number that cannot be decided. */
export function isSamePort(identity: PortIdentity, port: PortIdentity): boolean {
  if (identity.serialNumber === null || identity.serialNumber !== port.serialNumber) return false
  return (
    identity.interfaceNumber === null ||
    port.interfaceNumber === null ||
    identity.interfaceNumber === port.interfaceNumber
  )
}

/**
 * The path a board is on now; null while it is not plugged in. A board with a serial number is never looked for on a
 * path that another serial number has taken: that would be another board. A path that is not listed (a pty, a remote
 * driver) is taken as it is.
 */
export function findPort(path: string, identity: PortIdentity, ports: readonly PortEntry[]): string | null {
  const own = ports.find((port) => port.path === path)
  if (identity.serialNumber === null) return own?.path ?? null
  if (own !== undefined && isSamePort(identity, own)) return own.path
  return ports.find((port) => isSamePort(identity, port))?.path ?? null
}
