import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readRegularFile } from '@main/files/readRegularFile'
import { makeNamedPipe } from '../../../support/namedPipe'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench read '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => path.join(folder, name)

describe('a file that a request names', () => {
  it('is read whole, through a link and with any size', async () => {
    for (const sizeBytes of [0, 1, 4096, 3_000_001]) {
      const content = Buffer.alloc(sizeBytes, 'bitbench')
      writeFileSync(at('some ü.bin'), content)
      expect((await readRegularFile(at('some ü.bin'))).equals(content)).toBe(true)
    }
    symlinkSync(at('some ü.bin'), at('link'))
    expect((await readRegularFile(at('link'))).length).toBe(3_000_001)
  })

  it.runIf(process.platform === 'linux')('is read to its end where the system says 0 bytes', async () => {
    expect((await readRegularFile('/proc/self/status')).toString()).toContain('Pid:')
  })

  it.runIf(process.platform === 'linux')(
    'is refused at once when it is a pipe, a device or a folder',
    async () => {
      makeNamedPipe(at('pipe'))
      // More of them than the thread pool has threads: none may be left waiting.
      const refused = await Promise.all(
        Array.from({ length: 12 }, () => readRegularFile(at('pipe')).catch((error: unknown) => error))
      )
      for (const error of refused) expect(error).toMatchObject({ code: 'input.invalid' })
      await expect(readRegularFile('/dev/zero')).rejects.toMatchObject({
        code: 'input.invalid',
        message: '/dev/zero is a device.'
      })
      await expect(readRegularFile(folder)).rejects.toMatchObject({ code: 'input.invalid' })
    }
  )

  it('is refused when it is absent or larger than stated', async () => {
    await expect(readRegularFile(at('absent'))).rejects.toMatchObject({ code: 'input.notFound' })
    writeFileSync(at('large'), Buffer.alloc(1001))
    await expect(readRegularFile(at('large'), { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'input.invalid'
    })
    expect((await readRegularFile(at('large'), { maxBytes: 1001 })).length).toBe(1001)
  })

  it('is given up when the caller no longer wants it', async () => {
    writeFileSync(at('wanted'), 'x')
    await expect(readRegularFile(at('wanted'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'job.cancelled'
    })
  })

  it.skipIf(process.getuid?.() === 0)('is refused when it may not be read', async () => {
    writeFileSync(at('secret'), 'x')
    chmodSync(at('secret'), 0)
    await expect(readRegularFile(at('secret'))).rejects.toMatchObject({ code: 'input.notFound' })
  })
})
