import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { gpuContract } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import type { Bitbench } from '../../compose'
import { defaultDataFolder } from '../../dataFolder'
import type { AgentWork } from '../../remote/remoteAgent'
import { createLocalClient } from '../framework/localClient'

/**
 * Does the work of a task with the services of this machine, in a data folder of its own: a Bitbench that is open here keeps
 * its data file. Settings (the path of nvidia-smi) are those of this machine.
 *
 * @param compose opens the services over a folder
 */
export async function createAgentWork(
  compose: (dataFolder: string) => Promise<Bitbench>
): Promise<AgentWork & { close(): Promise<void> }> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'bitbench-agent-'))
  await copyFile(
    path.join(defaultDataFolder(), 'settings.json'),
    path.join(dataFolder, 'settings.json')
  ).catch(() => undefined)
  const bitbench = await compose(dataFolder)
  const forever = new AbortController().signal
  const { version } = await createLocalClient(bitbench, forever).call('app.info', {})
  return {
    ...{ version, machine: hostname(), nowMs: () => Date.now() },
    async gpus() {
      const { driverVersion, gpus, message } = await bitbench.gpu.list(false)
      return { driver: driverVersion, names: gpus.map(({ name }) => name), problem: message }
    },
    async perform(task, { folder, signal, output, progress }) {
      const client = createLocalClient(bitbench, signal)
      const quiet = createLocalClient(bitbench, forever)
      const stopListening = bitbench.events.listen(
        ({ event, payload }) => {
          if (event !== 'gpu.commandOutput') return
          const { stream, text } = gpuContract.events['gpu.commandOutput'].parse(payload)
          output(stream, text)
        },
        () => undefined
      )
      try {
        const run = await begun(task, folder, client)
        let error: AppError | null = null
        await client
          .finish(run.jobId, (job) => progress(job.done, job.total, job.unit, job.note))
          .catch((reason: unknown) => (error = AppError.from(reason)))
        const file = path.join(dataFolder, 'result.bbsession')
        // What cancelled work has measured is exported as well.
        await quiet.call('session.export', { file, runIds: [run.id], title: '' })
        return { file, error }
      } finally {
        stopListening()
      }
    },
    async close() {
      await bitbench.close()
      await rm(dataFolder, { recursive: true, force: true })
    }
  }
}

async function begun(
  task: Parameters<AgentWork['perform']>[0],
  folder: string | null,
  client: ReturnType<typeof createLocalClient>
): Promise<{ id: string; jobId: string }> {
  if (task.kind !== 'record') {
    if (folder !== null) process.chdir(folder)
    return task.kind === 'workload'
      ? await client.call('workload.start', task.request)
      : await client.call('estimator.collect', task.request)
  }
  const { recordingId, jobId } = await client.call('gpu.record', {
    ...task.request,
    cwd: task.request.cwd ?? folder ?? undefined
  })
  return { id: recordingId, jobId }
}
