import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { ItemValues } from '../../core/dataset/item'
import { storedFiles } from '../store/storedItems'

const flushBytes = 4 << 20

/** Writes items one behind the other and remembers a short hash of each. */
export interface ItemWriter {
  add(name: string, values: ItemValues, target: Float32Array | null): Promise<void>
  /** First 16 hex digits of SHA-256 over each item's values. */
  readonly keys: string[]
  /** Bytes of items written. */
  sizeBytes(): number
  close(): Promise<void>
}

/** Writes items, targets and names of a set into files of a folder. */
export async function createItemWriter(folder: string): Promise<ItemWriter> {
  const items = await openPart(folder, storedFiles.items)
  const targets = await openPart(folder, storedFiles.targets)
  const names = await openPart(folder, storedFiles.names)
  const keys: string[] = []
  return {
    keys,
    async add(name, values, target) {
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
      keys.push(createHash('sha256').update(bytes).digest('hex').slice(0, 16))
      await items.write(bytes)
      if (target !== null)
        await targets.write(Buffer.from(target.buffer, target.byteOffset, target.byteLength))
      await names.write(Buffer.from(`${name.replaceAll(/[\r\n]/g, ' ')}\n`))
    },
    sizeBytes: () => items.sizeBytes(),
    async close() {
      await items.close()
      await targets.close()
      await names.close()
    }
  }
}

async function openPart(folder: string, name: string) {
  const handle: FileHandle = await open(path.join(folder, name), 'wx', 0o600)
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let written = 0
  const flush = async (): Promise<void> => {
    if (waitingBytes > 0) await handle.writeFile(Buffer.concat(waiting))
    waiting = []
    waitingBytes = 0
  }
  return {
    async write(bytes: Buffer): Promise<void> {
      // A copy: who gave the bytes may use them again.
      waiting.push(Buffer.from(bytes))
      waitingBytes += bytes.length
      written += bytes.length
      if (waitingBytes >= flushBytes) await flush()
    },
    sizeBytes: () => written,
    async close(): Promise<void> {
      try {
        await flush()
        await handle.sync()
      } finally {
        await handle.close()
      }
    }
  }
}
