import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

it('docs/firmware-sizes.md was written beside the committed monitors: else npm run firmware:sizes -- --write', () => {
  const text = readFileSync(path.resolve('docs/firmware-sizes.md'), 'utf8')
  const written = [...text.matchAll(/^\| `(.+\.bin)` .*SHA-256 ([0-9a-f]+)….* \| (\d+) \|$/gm)].map(
    ([, name, digest, bytes]) => ({ name, digest, bytes: Number(bytes) })
  )
  const committed = ['monitor-flash.bin', 'monitor-flash-small.bin'].map((name) => {
    const bytes = readFileSync(path.resolve('resources/firmware/build', name))
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
    return { name, digest, bytes: bytes.length }
  })
  expect(written).toEqual(committed)
})
