import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { cacheToExceed, processorCacheBytes } from '@main/workload/runner/processorCache'
import { temporaryFolder } from '../../../support/temporaryFolder'

/** Caches as Linux describes them. */
function caches(sizes: readonly (readonly [level: number, size: string])[]): string {
  const folder = temporaryFolder()
  for (const [index, [level, size]] of sizes.entries()) {
    mkdirSync(path.join(folder, `index${index}`))
    writeFileSync(path.join(folder, `index${index}`, 'level'), `${level}\n`)
    writeFileSync(path.join(folder, `index${index}`, 'size'), `${size}\n`)
  }
  return folder
}

describe('the cache that inputs should exceed', () => {
  const folder = caches([
    [1, '32K'],
    [1, '32K'],
    [2, '1024K'],
    [3, '32M']
  ])
  it('is the L2 of a processor, whatever GPU stands beside it', () => {
    expect(processorCacheBytes(folder)).toBe(2 ** 20)
    expect(processorCacheBytes(caches([[2, '2M']]))).toBe(2 ** 21)
    expect(processorCacheBytes(caches([[1, '32K']]))).toBeNull()
    expect(cacheToExceed('cpu', 50 * 2 ** 20, folder)).toBe(2 ** 20)
  })
  it('is what is sent for a GPU, and not known without', () => {
    expect(cacheToExceed('cuda', 50 * 2 ** 20, folder)).toBe(50 * 2 ** 20)
    expect(cacheToExceed('cuda', undefined, folder)).toBeNull()
  })
})
