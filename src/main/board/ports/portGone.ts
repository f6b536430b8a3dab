import { realpathSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/** How soon a vanished port is noticed when the driver does not say so. */
const checkEveryMs = 250

/**
 * Calls `gone` when the device node vanishes or is replaced. A hang-up that falls between two reads makes the tty
 * read as empty for ever instead of reporting an error (serialport 13 then reads in circles), but the node is
 * removed in every case. Ports without a node in the file system (Windows) are not watched.
 */
export function watchNode(device: string, gone: () => void): { stop(): void } {
  let node: string
  try {
    node = realpathSync(device)
  } catch {
    return { stop: () => undefined }
  }
  let inode: number | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const check = async (): Promise<void> => {
    const found = await stat(node).catch(() => null)
    if (stopped) return
    if (found === null || (inode !== undefined && found.ino !== inode)) return gone()
    inode = found.ino
    timer = setTimeout(() => void check(), checkEveryMs).unref()
  }
  void check()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
