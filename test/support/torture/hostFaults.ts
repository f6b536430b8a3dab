import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Random } from '@core/math/random'
import type { ServedHost } from '../servedHost'

/** Bytes with a few random changes: flipped, cut, repeated, inserted, zeroed. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let out = Buffer.from(bytes)
  for (let times = 1 + random.integer(5); times > 0; times--) {
    const at = random.integer(Math.max(1, out.length))
    const length = Math.min(out.length - at, 1 + random.integer(64))
    const changes: (() => Buffer)[] = [
      () => Buffer.concat([out.subarray(0, at), Buffer.from([random.integer(256)]), out.subarray(at + 1)]),
      () => out.subarray(0, at),
      () => Buffer.concat([out.subarray(0, at + length), out.subarray(at)]),
      () => Buffer.concat([out.subarray(0, at), Buffer.alloc(length), out.subarray(at + length)]),
      () => Buffer.concat([out.subarray(0, at), out.subarray(at + length)])
    ]
    out = Buffer.from(changes[random.integer(changes.length)]!())
  }
  return out
}

/** Lets the host open a damaged network and import a damaged profile; both end with a result or a stated error. */
export async function openDamagedFiles(host: ServedHost, folder: string, random: Random): Promise<string> {
  if (random.integer(2) === 0) {
    const file = path.join(folder, 'damaged.onnx')
    writeFileSync(file, mutated(readFileSync('resources/models/lenet5-fashion.onnx'), random))
    await stated(host.call('model.open', { path: file }))
    return 'damaged ONNX file'
  }
  const rows = Array.from({ length: 20 }, (_, row) => `${row + 1},8,${3 * row + 2},8,4,${1000 + 37 * row}`)
  const text = mutated(Buffer.from(`N,M,K,QA,QW,Time\n${rows.join('\n')}\n`), random).toString('latin1')
  const file = { name: 'damaged.csv', text }
  await stated(host.call('profile.import', { file, kernel: 'matmul', boardName: 'damaged' }))
  return 'damaged CSV'
}

/** Resolves when the call succeeded or was refused with an error that says what is wrong. @throws otherwise */
export async function stated(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (reason) {
    const text = reason instanceof Error ? reason.message : String(reason)
    if (!text.startsWith('{"code":')) throw reason
    if (text.startsWith('{"code":"internal"')) throw new Error(`an internal error: ${text.slice(0, 400)}`)
    return false
  }
}

/** A file system of its own for a data folder, so that it can be full; null where mounting is not permitted. */
export function mountSmallDisk(
  folder: string,
  sizeMib: number
): { fill(): void; free(): void; unmount(): void } | null {
  mkdirSync(folder, { recursive: true })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder], {
    stdio: 'ignore'
  })
  if (mounted.status !== 0) return null
  const filler = path.join(folder, 'filler')
  return {
    fill() {
      const { bavail, bsize } = statfsSync(folder)
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
      } catch {
        // Full a little earlier is full as well.
      }
    },
    free: () => rmSync(filler, { force: true }),
    unmount: () => void spawnSync('umount', ['-l', folder], { stdio: 'ignore' })
  }
}
