import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createLocalClient } from '@main/cli/framework/localClient'
import { findRunningHost, type RunningHost } from '@main/cli/framework/runningHost'
import { createEventBus } from '@main/hosts/eventBus'
import { serveWeb, type WebHost } from '@main/hosts/webHost'
import { writeOwner } from '@main/store/ownerFile'

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A host whose only job never ends, and the command line's connection to it. */
async function connect(): Promise<{ host: WebHost; found: RunningHost }> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'bitbench running host '))
  const events = createEventBus()
  const host = await serveWeb({
    dispatch: async (name) => ({ ok: true, value: name === 'job.list' ? { jobs: [] } : {} }),
    events,
    pageFolder: dataFolder,
    tcpPort: 0
  })
  ends.push(() => host.close())
  writeOwner(path.join(dataFolder, 'bitbench.duckdb'), {
    ...{ pid: process.pid, what: 'the web host', token: host.token },
    where: `http://127.0.0.1:${host.tcpPort}/`
  })
  const found = await findRunningHost(dataFolder)
  ends.push(() => found?.close())
  return { host, found: found! }
}

const never = new AbortController().signal

describe('the command line on a running host', () => {
  it('fails with host.disconnected when the host ends in the middle of a job', async () => {
    const { host, found } = await connect()
    const work = createLocalClient(found as never, never).finish('job-1')
    const failed = expect(work).rejects.toMatchObject({ code: 'host.disconnected' })
    await host.close()
    await failed
  })

  it('fails as well when the host was gone before the job was followed', async () => {
    const { host, found } = await connect()
    await host.close()
    await expect(createLocalClient(found as never, never).finish('job-1')).rejects.toMatchObject({
      code: 'host.disconnected',
      hint: expect.stringContaining('Run the command again')
    })
  })
})
