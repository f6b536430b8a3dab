import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSharedViews, type SharedViews } from '@main/shared/sharedViews'

/** Counts far longer than any test waits. */
const endless = 'SELECT count(*) FROM range(1000000000000) t WHERE t.range % 7 = 3'

let folder: string
let views: SharedViews
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-query-'))
  views = await openSharedViews(folder)
  await views.refresh()
})
afterEach(() => {
  views.close()
  rmSync(folder, { recursive: true, force: true })
})

const { signal } = new AbortController()

describe('a query of the shared folder', () => {
  it('that takes too long is ended, and the next one runs', async () => {
    const next = views.query(endless, { limit: 1, signal, maxMs: 20 }).catch((cause: unknown) => cause)
    expect(await next).toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('did not end within 20 ms')
    })
    expect(await views.query('SELECT 1 AS one', { limit: 1, signal })).toEqual({
      ...{ columns: ['one'], rows: [[1]], more: false }
    })
  })

  it('reads no secrets that the user keeps for DuckDB: they lie outside the folder', async () => {
    const rows = await views.all<{ kept: boolean }>(
      "SELECT current_setting('allow_persistent_secrets')::BOOLEAN AS kept"
    )
    expect(rows).toEqual([{ kept: false }])
  })

  it('is ended where its time is over before its statement runs', async () => {
    const late = views.query(endless, { limit: 1, signal, maxMs: 0 })
    await expect(late).rejects.toMatchObject({ message: expect.stringContaining('did not end within') })
  })

  it('ends when it is cancelled, before it began or while it runs', async () => {
    const controller = new AbortController()
    const running = views.query(endless, { limit: 1, signal: controller.signal })
    const waiting = views.query('SELECT 1', { limit: 1, signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(running).rejects.toMatchObject({ code: 'job.cancelled' })
    await expect(waiting).rejects.toMatchObject({ code: 'job.cancelled' })
    expect((await views.query('FROM runs', { limit: 1, signal })).rows).toEqual([])
  })

  it('sorts more than its memory holds, in a folder of its own', async () => {
    const [row] = await views.all<{ at: string }>(`SELECT current_setting('temp_directory') AS at`)
    expect(path.dirname(row!.at)).toBe(tmpdir())
    expect(path.basename(row!.at)).toMatch(/^bitbench-shared-[0-9a-f]{12}$/)
  })
})
