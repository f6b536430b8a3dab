import type { PortEntry } from './serialPorts'

/** How soon a board that is plugged in shows up by itself. */
const lookEveryMs = 2_000

/**
 * Calls `changed` when the system lists other ports than before: a board was plugged in, pulled out, or moved. It does
 * not keep the process alive and never looks twice at once.
 */
export function watchPorts(
  listPorts: () => Promise<PortEntry[]>,
  changed: () => Promise<void>,
  everyMs = lookEveryMs
): { stop(): void } {
  let seen: string | null = null
  let timer: NodeJS.Timeout
  let stopped = false
  const look = async (): Promise<void> => {
    const ports = await listPorts().catch(() => [])
    const now = JSON.stringify(ports.map(({ path, serialNumber }) => [path, serialNumber]))
    if (stopped) return
    if (seen !== null && now !== seen) await changed().catch(() => undefined)
    seen = now
    if (!stopped) timer = setTimeout(() => void look(), everyMs).unref()
  }
  void look()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
