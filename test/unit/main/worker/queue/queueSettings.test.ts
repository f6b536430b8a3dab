import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readQueueSettings, writeQueueSettings } from '@main/worker/queue/queueSettings'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench queue '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const kept = { address: 'rediss://:secret@lab', caFile: '/etc/ca.pem' }

describe('settings of the queue server', () => {
  it('are kept for this user alone, and removed', async () => {
    await writeQueueSettings(folder, kept)
    expect(statSync(path.join(folder, 'queue.json')).mode & 0o777).toBe(0o600)
    expect(await readQueueSettings(folder, {})).toEqual(kept)
    await writeQueueSettings(folder, null)
    expect(await readQueueSettings(folder, {})).toBeNull()
  })

  it('make the data folder for this user alone where they are the first in it', async () => {
    const fresh = path.join(folder, 'data', 'bitbench')
    await writeQueueSettings(fresh, kept)
    expect(statSync(fresh).mode & 0o777).toBe(0o700)
  })

  it('of the environment go before the kept ones, with their own authority', async () => {
    await writeQueueSettings(folder, kept)
    const address = 'rediss://other'
    expect(await readQueueSettings(folder, { BITBENCH_QUEUE: address })).toEqual({ address, caFile: null })
    expect(
      await readQueueSettings(folder, { BITBENCH_QUEUE: address, BITBENCH_QUEUE_CA: '/etc/lab.pem' })
    ).toEqual({ address, caFile: '/etc/lab.pem' })
    // Without an address of the environment its authority means nothing.
    expect(
      await readQueueSettings(folder, { BITBENCH_QUEUE: '', BITBENCH_QUEUE_CA: '/etc/lab.pem' })
    ).toEqual(kept)
  })

  it('that are damaged are refused without their text', async () => {
    writeFileSync(path.join(folder, 'queue.json'), '{"address": 7, "x": "secret"')
    const error = await readQueueSettings(folder, {}).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'input.invalid' })
    expect(String(error)).not.toContain('secret')
  })
})
