import { readFileSync, writeFileSync } from 'node:fs'
import { serveHost, type ServedHost } from '../../test/support/servedHost'

/** `bitbench serve` on a data folder, in a process of its own, as a page sees it. */
export interface HostProcess extends Pick<ServedHost, 'call'> {
  /** Highest resident memory since the last call, bytes; null where /proc does not say. */
  peakBytes(): number | null
  stop(): Promise<void>
}

export async function startHost(dataFolder: string): Promise<HostProcess> {
  const { child, call, ended } = await serveHost(dataFolder)
  return {
    call,
    peakBytes: () => readPeak(child.pid!),
    async stop() {
      child.kill('SIGTERM')
      await ended
    }
  }
}

/** VmHWM of a process, which is then set back to its present size. */
function readPeak(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return kib === undefined ? null : Number(kib) * 1024
  } catch {
    return null
  }
}
