import type { BoundedCache } from '../../core/quant/quantize/boundedCache'

/** An entry of a cache. */
export interface Fit<T> {
  readonly key: string
  readonly value: T
  readonly sizeBytes: number
}

/** A cache whose new entries are sent where it keeps them: what is too large for it is so for other threads and hosts too. */
export function sendingCache<T>(cache: BoundedCache<T>, send: (fit: Fit<T>) => void): BoundedCache<T> {
  return {
    get: (key) => cache.get(key),
    set(key, value, sizeBytes) {
      cache.set(key, value, sizeBytes)
      if (cache.get(key) === value) send({ key, value, sizeBytes })
    }
  }
}
