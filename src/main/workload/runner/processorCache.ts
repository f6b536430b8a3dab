import { readFileSync } from 'node:fs'

/** Where Linux describes the caches of the first processor. */
const linuxCaches = '/sys/devices/system/cpu/cpu0/cache'

/** Size of a processor's L2 cache in bytes; null where the system does not say it. */
export function processorCacheBytes(folder = linuxCaches): number | null {
  for (let index = 0; index < 8; index++) {
    try {
      const read = (name: string): string => readFileSync(`${folder}/index${index}/${name}`, 'utf8').trim()
      if (read('level') !== '2') continue
      const [, number, unit] = /^(\d+)([KM]?)$/.exec(read('size')) ?? []
      if (number === undefined) return null
      return Number(number) * (unit === 'M' ? 2 ** 20 : unit === 'K' ? 1024 : 1)
    } catch {
      return null
    }
  }
  return null
}

/**
 * The cache that the inputs of a looped layer should exceed, bytes; null: not known. onnxruntime does not say that of a GPU:
 * Bitbench sends it, known by the GPU's name.
 */
export function cacheToExceed(
  provider: string,
  sentBytes: number | undefined,
  folder = linuxCaches
): number | null {
  return provider === 'cpu' ? processorCacheBytes(folder) : (sentBytes ?? null)
}
