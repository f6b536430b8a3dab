import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { GpuHost, remoteContract, RemoteCheck } from '../../shared/contract/remote'
import type { SessionImport } from '../../shared/contract/session'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { HostList } from './hostList'
import { openChannel } from './lineChannel'
import type { RemoteTask } from './remoteProtocol'
import { talkRemote, type RemoteOutcome } from './remoteTalk'
import type { RunOrigins } from './runOrigins'

/** Recordings, workloads and collections of stage times on other machines. */
export interface RemoteService {
  readonly handlers: HandlersOf<typeof remoteContract>
}

/** What the service is made from. */
export interface RemoteServiceDeps {
  hosts: HostList
  origins: RunOrigins
  jobs: JobService
  emit: EmitterOf<typeof remoteContract>
  importSession(file: string): Promise<SessionImport>
  /** Folder for what is received until it is in the data file. */
  scratchFolder: string
  nowMs: () => number
}

/** How long a check waits for a host, ms; a queue may be longer than that. */
const checkMs = 60_000
/** What progress of the work there is counted in. */
const units = { check: 'steps', record: 'ms', workload: 'trials', collect: 'configurations' } as const

/** Jobs whose runs are remembered. */
const maxJobs = 200

/** Serves the commands of GPU hosts. */
export function createRemoteService(deps: RemoteServiceDeps): RemoteService {
  const { hosts, origins, jobs, emit } = deps
  const arrived = new Map<string, string[]>()

  const perform = async (host: GpuHost, task: RemoteTask, context: JobContext): Promise<void> => {
    context.progress(0, 0, 'waiting for the host')
    await inScratch(deps.scratchFolder, async (file) => {
      const outcome = await talk(deps, host, task, {
        file,
        signal: context.signal,
        onOutput: (stream, text) => emit('remote.output', { jobId: context.id, stream, text }),
        onProgress: (done, total, note) => context.progress(done, total, note)
      })
      const runIds = outcome.hasFile ? await adopt(deps, host, outcome, file) : []
      arrived.set(context.id, runIds)
      for (const old of [...arrived.keys()].slice(0, -maxJobs)) arrived.delete(old)
      emit('remote.arrived', { jobId: context.id, runIds })
      if (outcome.error !== null) throw outcome.error
    })
  }

  const start = async (name: string, task: RemoteTask, title: string): Promise<{ jobId: string }> => {
    const host = await hosts.find(name)
    return jobs.launch({
      ...{ kind: `remote.${task.kind}`, title: `${title} on ${host.name}`, unit: units[task.kind] },
      run: (context) => perform(host, task, context)
    })
  }

  return {
    handlers: {
      'remote.hosts': async () => ({ hosts: await hosts.all() }),
      'remote.saveHost': async (host) => ({ hosts: await hosts.save(host) }),
      'remote.removeHost': async ({ host }) => ({ hosts: await hosts.remove(host) }),
      'remote.check': async ({ host }) => check(deps, await hosts.find(host)),
      'remote.record': ({ host, request }) =>
        start(host, { kind: 'record', request }, `Recording of ${request.command[0] ?? 'time'}`),
      'remote.workload': ({ host, request }) => start(host, { kind: 'workload', request }, 'Workload'),
      'remote.collect': ({ host, request }) =>
        start(host, { kind: 'collect', request }, 'Stage times of a network'),
      async 'remote.origins'({ jobId }) {
        const chosen = jobId === undefined ? null : new Set(arrived.get(jobId))
        const all = [...(await origins.all())].map(([runId, origin]) => ({ runId, ...origin }))
        return { origins: all.filter(({ runId }) => chosen?.has(runId) ?? true) }
      }
    }
  }
}

type Hooks = Pick<Parameters<typeof talkRemote>[3], 'file' | 'signal' | 'onOutput' | 'onProgress'>

async function talk(
  { nowMs }: RemoteServiceDeps,
  host: GpuHost,
  task: RemoteTask,
  hooks: Hooks
): Promise<RemoteOutcome> {
  let said = ''
  const channel = await openChannel(host, (text) => {
    said = (said + text).slice(-4096)
    hooks.onOutput('stderr', text)
  })
  return await talkRemote(channel, task, host.folder, { ...hooks, nowMs, lastErrorText: () => said })
}

/** Imports the runs of a session and stores where they were made; runs that were here already stay as they are. */
async function adopt(
  { importSession, origins }: RemoteServiceDeps,
  { name }: GpuHost,
  { origin }: RemoteOutcome,
  file: string
): Promise<string[]> {
  const { runs } = await importSession(file)
  const added = runs.filter(({ state }) => state !== 'alreadyHere')
  for (const { id } of added) await origins.save(id, { ...origin, host: name })
  return added.map(({ id }) => id)
}

async function check(deps: RemoteServiceDeps, host: GpuHost): Promise<RemoteCheck> {
  return await inScratch(deps.scratchFolder, async (file) => {
    const limit = AbortSignal.timeout(checkMs)
    const none = (): void => undefined
    const hooks = { file, signal: limit, onOutput: none, onProgress: none }
    const outcome = await talk(deps, host, { kind: 'check' }, hooks).catch((reason: unknown) => {
      if (!limit.aborted) throw reason
      const hint = 'Try the prefix in a terminal; a host behind a queue may have no free GPU now.'
      throw new AppError('remote.unreachable', `${host.name} did not begin within ${checkMs / 1000} s.`, hint)
    })
    if (outcome.error !== null) throw outcome.error
    const { machine, version, driver, clock } = outcome.origin
    return { ...{ machine, version, driver, clock }, gpus: outcome.gpus, problem: outcome.problem }
  })
}

async function inScratch<T>(scratchFolder: string, work: (file: string) => Promise<T>): Promise<T> {
  await mkdir(scratchFolder, { recursive: true })
  const folder = await mkdtemp(path.join(scratchFolder, 'remote-'))
  try {
    return await work(path.join(folder, 'result.bbsession'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
