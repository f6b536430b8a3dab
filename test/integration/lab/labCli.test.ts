import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { main } from '@main/cli'
import { startFakeCoordinator } from '../../support/lab/fakeCoordinator'
import type { LabServer } from '../../support/lab/labServer'

/** `bitbench lab` against the coordinator of the tests. */
let lab: LabServer
let data: string
beforeAll(async () => {
  lab = await startFakeCoordinator()
  data = mkdtempSync(path.join(os.tmpdir(), 'bitbench-lab-cli-'))
})
afterAll(async () => {
  vi.restoreAllMocks()
  await lab.stop()
  rmSync(data, { recursive: true, force: true })
})

async function said(...words: string[]): Promise<{ out: string; err: string; code: number }> {
  let [out, err] = ['', '']
  const taken =
    (add: (text: string) => void) =>
    (chunk: unknown, done?: unknown): boolean => {
      add(String(chunk))
      if (typeof done === 'function') (done as () => void)()
      return true
    }
  vi.spyOn(process.stdout, 'write').mockImplementation(taken((text) => (out += text)))
  vi.spyOn(process.stderr, 'write').mockImplementation(taken((text) => (err += text)))
  const code = await main(['lab', ...words, '--data', data])
  vi.restoreAllMocks()
  return { out, err, code }
}

describe('bitbench lab', () => {
  it('names no coordinator until one is used, and refuses one that is not there', async () => {
    expect((await said('places')).out).toContain('bitbench lab use HOST')
    const refused = await said('use', '127.0.0.1:1')
    expect(refused.code).not.toBe(0)
    expect(refused.err).toContain('cannot be reached')
  })

  it('lists places and their lines, and releases what a holder left behind', async () => {
    const { out, code } = await said('use', lab.address)
    expect(code).toBe(0)
    expect(out).toContain(`${lab.address}: 3 places`)
    expect(out).toMatch(/rack1: free\n {2}labgrid:\/\/rack1 {2}opens when the place is acquired/)
    expect(out).toMatch(/empty: free\n {2}no serial line/)
    await lab.acquireAs('other/you', 'rack1')
    expect((await said('places')).out).toContain('rack1: held by other/you, for ')
    expect((await said('release', 'rack1', '--holder', 'other/me')).out).toContain('held by other/you')
    expect(await lab.holderOf('rack1')).toBe('other/you')
    expect((await said('release', 'rack1', '--holder', 'other/you')).out).toContain('rack1: free')
    expect(await lab.holderOf('rack1')).toBeNull()
    const unknown = await said('release', 'rack9', '--holder', 'other/you')
    expect(unknown.err).toContain('There are: empty, rack1, rack2.')
  }, 300_000)

  it('needs a place and its holder, and forgets the coordinator', async () => {
    expect(await said('release', 'rack1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--holder')
    })
    expect(await said('release')).toMatchObject({ code: 2 })
    expect(await said('use')).toMatchObject({ code: 2 })
    expect((await said('forget')).out).toContain('No coordinator is kept.')
    expect((await said('places')).out).toContain('bitbench lab use HOST')
  })
})
