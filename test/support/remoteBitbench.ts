import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createLocalClient, type LocalClient } from '@main/cli/framework/localClient'
import { composeBitbench } from '@main/compose'
import { remoteContract } from '@shared/contract/remote'
import type { GpuHost } from '@shared/contract/remote'
import { AppError } from '@shared/errors'
import { fakeSmiFile } from '../fixtures/smi/standIn'
import { until } from './until'

/** A Bitbench with a data folder of its own; the far side is the built one, as another machine would start it. */
export interface RemoteBench {
  readonly folder: string
  readonly client: LocalClient
  /** What was printed on the far side so far. */
  readonly printed: { stdout: string; stderr: string }
  /** Names a host whose nvidia-smi is the stand-in. */
  add(name: string, prefix: string[], more?: Partial<GpuHost>): Promise<void>
  /** Follows a job to its end: how it failed, and the runs that came. */
  arrived(jobId: string): Promise<{ error: AppError | null; runIds: string[] }>
  /** Waits for words on the far side. */
  untilPrinted(text: string): Promise<void>
  close(): Promise<void>
}

/** Rests that take no time. */
export const shortRests = { intervalMs: 100, idleMs: 200, idleAfterMs: 100 }

/** The path of the far side's program has a space and quotation marks. */
export async function openRemoteBench(): Promise<RemoteBench> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-remote-'))
  const far = path.join(folder, "the far 'side'")
  mkdirSync(far)
  const link = path.join(far, 'bit bench.mjs')
  symlinkSync(path.resolve('bin/bitbench.mjs'), link)
  const bitbench = await composeBitbench({
    host: 'cli',
    dataFolder: path.join(folder, 'data'),
    log: () => undefined
  })
  const client = createLocalClient(bitbench, new AbortController().signal)
  const printed = { stdout: '', stderr: '' }
  bitbench.events.listen(({ event, payload }) => {
    if (event !== 'remote.output') return
    const { stream, text } = remoteContract.events['remote.output'].parse(payload)
    printed[stream] += text
  })
  return {
    ...{ folder, client, printed },
    async add(name, prefix, more = {}) {
      await client.call('remote.saveHost', {
        ...{ name, prefix, folder: null, sharedFolder: null, shells: null },
        bitbench: ['env', `BITBENCH_NVIDIA_SMI=${fakeSmiFile}`, process.execPath, link],
        ...more
      })
    },
    async arrived(jobId) {
      const error = await client.finish(jobId).then(
        () => null,
        (reason: unknown) => AppError.from(reason)
      )
      const { origins } = await client.call('remote.origins', { jobId })
      return { error, runIds: origins.map(({ runId }) => runId) }
    },
    untilPrinted: (text) => until(() => printed.stdout.includes(text)),
    async close() {
      await bitbench.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
