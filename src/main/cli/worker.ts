import { availableParallelism } from 'node:os'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { countOf, formatWhole } from '../../shared/units'
import { defaultDataFolder } from '../dataFolder'
import { builtPath, installFolder } from '../paths'
import { sharedTasks } from '../sharedTasks'
import type { Tasks } from '../taskRegistry'
import { createTaskPool } from '../threads/taskPool'
import { readCodeIdentity } from '../worker/codeIdentity'
import { startWorker } from '../worker/ownWorker'
import { parseQueueAddress } from '../worker/queue/queueAddress'
import type { AnyTaskPool } from '../worker/queue/queueConsumer'
import { countJobs } from '../worker/queue/queueJobs'
import { connectQueueServer, type QueueServer } from '../worker/queue/queueServer'
import { writeQueueSettings } from '../worker/queue/queueSettings'
import type { WorkerInfo } from '../../shared/contract/worker'
import {
  doingOf,
  endedJobs,
  holderText,
  lastSeenText,
  leaseTimes,
  mismatchOf,
  perMinuteOf,
  stateOfWorker
} from '../../shared/text/workerText'
import { listLeases } from '../worker/leases'
import { listWorkers } from '../worker/workerRegistry'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from './framework/framework'
import { caOption, queueSettingsOf } from './search/queueOption'

const taskNames = Object.keys(sharedTasks)

/** `bitbench worker`: takes evaluations from a queue server until it is stopped; needs no data file. */
export const workerCli: CliNoun = {
  noun: 'worker',
  verbs: {
    worker: {
      summary: 'Runs evaluations that other machines put on a queue server.',
      usage:
        '[--queue redis://HOST] [--concurrency N] [--tasks A,B] [--list | --leases | --remember | --forget]',
      options: {
        queue: {
          type: 'string',
          help: 'the server; without: BITBENCH_QUEUE, else the kept address',
          valueName: 'ADDRESS'
        },
        ...caOption,
        concurrency: { type: 'string', help: 'jobs at a time; without: one per processor' },
        tasks: { type: 'string', help: `tasks it takes: ${taskNames.join(', ')}` },
        list: { type: 'boolean', help: 'list the workers of the server and end' },
        leases: { type: 'boolean', help: 'list who holds which board and end' },
        remember: { type: 'boolean', help: 'check the server, keep its address for this user and end' },
        forget: { type: 'boolean', help: 'forget the kept address and end' }
      },
      notes: [
        'The server needs appendonly yes and maxmemory-policy noeviction (docs/guide/workers.md).',
        'A password on the command line is seen by others on this machine: use BITBENCH_QUEUE.'
      ],
      run: runWorkerVerb
    }
  }
}

async function runWorkerVerb(args: CliArguments, context: CliContext) {
  const dataFolder = path.resolve(textOption(args, 'data') ?? defaultDataFolder())
  const actions = ['list', 'leases', 'remember', 'forget'].filter((name) => args.values[name] === true)
  if (actions.length > 1) throw new UsageError(`--${actions.join(' and --')} do not go together`)
  if (actions[0] === 'forget') {
    await writeQueueSettings(dataFolder, null)
    return { json: { server: null }, text: 'No queue server is kept.' }
  }
  const names = tasksOf(args)
  const concurrency =
    numberOption(args, 'concurrency', { min: 1, max: 256, integer: true }) ?? availableParallelism()
  const settings = await queueSettingsOf(args)
  const server = await connectQueueServer(parseQueueAddress(settings.address), settings)
  try {
    if (actions[0] === 'remember') {
      await writeQueueSettings(dataFolder, settings)
      return { json: { server: server.shown }, text: `${server.shown} is kept for this user.` }
    }
    if (actions[0] === 'leases') return await leasesListed(server)
    if (actions[0] === 'list') return await listed(server)
    return await work(server, { names, concurrency, dataFolder }, context)
  } finally {
    server.close()
  }
}

/** @throws UsageError for a task that cannot be shared */
function tasksOf(args: CliArguments): string[] {
  const text = textOption(args, 'tasks')
  if (text === undefined) return taskNames
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !taskNames.includes(name))
  if (unknown !== undefined)
    throw new UsageError(`there is no task "${unknown}"; there are ${taskNames.join(', ')}`)
  return [...new Set(names)]
}

const identify = () => {
  const { version } = JSON.parse(readFileSync(path.join(installFolder, 'package.json'), 'utf8')) as {
    version: string
  }
  return readCodeIdentity(builtPath('main', 'taskWorker.js'), version)
}

async function work(
  server: QueueServer,
  { names, concurrency, dataFolder }: { names: string[]; concurrency: number; dataFolder: string },
  context: CliContext
) {
  const identity = await identify()
  const tasks = createTaskPool<Tasks>({ workerFile: builtPath('main', 'taskWorker.js'), size: concurrency })
  context.stopInOrder()
  const refusal = new AbortController()
  const stop = AbortSignal.any([context.signal, refusal.signal])
  server.onState((state) => {
    const { problem, shown } = server
    context.log(problem === null ? `${shown} is back.` : `${problem.message} ${problem.hint}`)
    if (state === 'refused') refusal.abort()
  })
  const worker = await startWorker({
    ...{ server, names, concurrency, dataFolder, identity },
    tasks: tasks as unknown as AnyTaskPool,
    shared: sharedTasks,
    nowMs: () => Date.now()
  })
  context.log(
    `Works for ${server.shown}: ${names.join(', ')}, ${countOf(concurrency, 'job')} at a time, code ${identity.code} on ${identity.arithmetic}. Ctrl-C ends it.`
  )
  try {
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve()
      stop.addEventListener('abort', () => resolve(), { once: true })
    })
    if (server.state === 'refused' && server.problem !== null) throw AppError.from(server.problem)
  } finally {
    await worker.close()
    await tasks.close()
  }
  return { json: { server: server.shown, stopped: true }, text: 'Stopped.' }
}

async function leasesListed(server: QueueServer) {
  const leases = await listLeases(server.client)
  return {
    json: { server: server.shown, leases },
    text: [
      `${server.shown}: ${countOf(leases.length, 'board')} held`,
      ...leases.map((lease) => `${lease.name}: ${holderText(lease)}, ${leaseTimes(lease)}`)
    ].join('\n')
  }
}

async function listed(server: QueueServer) {
  const identity = await identify()
  const workers = await listWorkers(server.client, identity)
  const counts = await countJobs(server.client, taskNames, identity)
  const { finished, failed } = endedJobs(workers)
  return {
    json: {
      server: server.shown,
      code: identity.code,
      arithmetic: identity.arithmetic,
      ...{ ...counts, finished, failed, workers }
    },
    text: [
      `${server.shown}: ${countOf(counts.waiting, 'job')} waiting, ${counts.active} running; ended by these workers: ${finished} finished, ${failed} failed`,
      ...(workers.length === 0
        ? [`no worker within the last hour; start one: bitbench worker --queue ${server.shown}`]
        : workers.map((worker) => lineOf(worker, identity)))
    ].join('\n')
  }
}

function lineOf(worker: WorkerInfo, own: { code: string; arithmetic: string }): string {
  const { host, pid, processor, concurrency, done, failed, code } = worker
  const mismatch = mismatchOf(worker, own)
  return [
    `${host} ${pid}: ${stateOfWorker(worker)}`,
    `${countOf(concurrency, 'job')} at a time`,
    `doing ${doingOf(worker)}`,
    `${done} finished, ${failed} failed, ${formatWhole(perMinuteOf(worker))} in the last minute`,
    `seen ${lastSeenText(worker)}`,
    `version ${code} on ${processor}`,
    ...(mismatch === null ? [] : [mismatch])
  ].join('; ')
}
