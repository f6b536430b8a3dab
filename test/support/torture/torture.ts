import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { createRandom, type Random } from '@core/math/random'
import { uniformScheme } from '@core/quant/scheme'
import { serveHost, type ServedHost } from '../servedHost'
import { attackSocket } from './hostileSockets'
import { mountSmallDisk, openDamagedFiles, stated } from './hostFaults'
import { createJournal, type Journal } from './journal'
import { lies, LyingBoard } from './lyingBoard'
import { storedWork } from './storedWork'

export interface TortureReport {
  /** How often each fault was injected; all together `survived` and `complained`. */
  injected: Map<string, number>
  /** Faults after which the host went on, or came back with everything it had announced. */
  survived: number
  /** Faults that ended in a complaint. */
  complained: number
  /** What went wrong: in a fault, in the work before one, or at the end. */
  complaints: string[]
  /** Faults that this machine does not permit, with the reason. */
  skipped: string[]
  /** Facts that were announced and looked for. */
  facts: number
}

export interface TortureOptions {
  seconds: number
  seed: number
  /** Empty folder for the data and the damaged files. */
  folder: string
  log(line: string): void
}

/** A fault by its kind; injecting it returns its full name. */
interface Fault {
  kind: string
  inject(): Promise<string>
}

/** After a fault, another client gets a reply within this time, ms; the machine may be busy with other work. */
const longestAnswerMs = 20_000
/** A signal ends the host within this time, ms; jobs have 30 s of it to end. */
const longestEndMs = 120_000
// From the working directory (the repository), since scripts bundle this file elsewhere.
const smi = path.resolve('test/fixtures/smi/mutatingSmi.mjs')
const command = [
  process.execPath,
  '-e',
  `const mark = (name, state) => console.log(JSON.stringify({ event: 'phase', name, state }))
   let n = 0; setInterval(() => { mark('load', n++ % 2 ? 'end' : 'begin'); if (n > 40) process.exit(0) }, 50)`
]

/** A random, seeded mix of work and faults against one host until the time is over. */
export async function torture({ seconds, seed, folder, log }: TortureOptions): Promise<TortureReport> {
  const random = createRandom(seed)
  const report: TortureReport = {
    injected: new Map(),
    survived: 0,
    complained: 0,
    complaints: [],
    skipped: [],
    facts: 0
  }
  const journal = createJournal()
  const data = path.join(folder, 'data')
  const disk = mountSmallDisk(data, 400)
  if (disk === null) report.skipped.push('full disk: mounting a tmpfs is not permitted here')
  mkdirSync(data, { recursive: true })
  const env = { BITBENCH_NVIDIA_SMI: smi, MUTATE_SEED: String(seed) }
  let host = await serveHost(data, env)

  const restart = async (how: NodeJS.Signals): Promise<void> => {
    const old = host
    old.child.kill(how)
    const late = setTimeout(() => old.child.kill('SIGKILL'), longestEndMs)
    const end = await old.ended
    clearTimeout(late)
    journal.read(old)
    const code = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[how as string]
    host = await serveHost(data, env)
    if (code !== undefined && end.code !== code)
      throw new Error(
        `${how} ended serve with ${end.code ?? end.signal}, not ${code}: ${old.errors().slice(-300)}`
      )
    const differences = await journal.differences(host)
    if (differences.length > 0) throw new Error(differences.slice(0, 5).join('; '))
  }
  const fullDisk = async (): Promise<void> => {
    disk!.fill()
    try {
      await stated(host.call('profile.export', { path: path.join(data, 'full.parquet'), format: 'parquet' }))
      await stated(work(host, random, journal, folder))
      await stated(rename(host, random, journal))
    } finally {
      disk!.free()
    }
    // The data file must take writes again, in this process or at the latest in the next one.
    if (!(await stated(rename(host, random, journal)))) await restart('SIGKILL')
  }
  const lyingBoard = async (): Promise<string> => {
    const lie = lies[random.integer(lies.length)]!
    const board = new LyingBoard(lie, random.fork(1))
    const id = await board.listen()
    try {
      if (await stated(host.call('board.connect', { id }))) {
        const request = { boardId: id, kernels: ['matmul' as const], spaceFilling: 2, longestMs: 100 }
        await stated(host.call('profile.run', request).then(({ campaignId }) => journal.started(campaignId)))
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      await stated(host.call('board.disconnect', { id }))
    } finally {
      await board.close()
    }
    return `lying board: ${lie}`
  }
  const signal = async (): Promise<string> => {
    const name = (['SIGTERM', 'SIGINT', 'SIGHUP'] as const)[random.integer(3)]!
    await restart(name)
    return `signal ${name}`
  }
  const times = (count: number, fault: Fault): Fault[] => Array.from({ length: count }, () => fault)
  const faults: Fault[] = [
    ...times(6, { kind: 'socket', inject: () => attackSocket(host, random) }),
    ...times(3, { kind: 'damaged file', inject: () => openDamagedFiles(host, folder, random) }),
    ...times(3, { kind: 'lying board', inject: lyingBoard }),
    { kind: 'kill -9', inject: () => restart('SIGKILL').then(() => 'kill -9') },
    { kind: 'signal', inject: signal },
    ...(disk === null ? [] : [{ kind: 'full disk', inject: () => fullDisk().then(() => 'full disk') }])
  ]
  const complain = async (where: string, reason: unknown): Promise<void> => {
    const text = reason instanceof Error ? reason.message : String(reason)
    report.complaints.push(`${where}: ${text.slice(0, 600)}`)
    log(report.complaints.at(-1)!)
    if (host.child.exitCode !== null || host.child.signalCode !== null) host = await serveHost(data, env)
  }
  /** Injects a fault and looks at the host after it; counts it under the name that is known of it by its end. */
  const injectOne = async (number: number): Promise<void> => {
    const { kind, inject } = faults[random.integer(faults.length)]!
    let name = kind
    try {
      name = await inject()
      await host.call('job.list', {}, longestAnswerMs)
      journal.read(host)
      if (host.child.exitCode !== null) throw new Error('the host ended')
      report.survived++
    } catch (reason) {
      report.complained++
      await complain(`fault ${number} (${name})`, reason)
    } finally {
      report.injected.set(name, (report.injected.get(name) ?? 0) + 1)
    }
  }

  const endMs = performance.now() + 1000 * seconds
  try {
    for (let number = 1; performance.now() < endMs; number++) {
      try {
        await stated(work(host, random, journal, folder))
      } catch (reason) {
        await complain(`work before fault ${number}`, reason)
      }
      await injectOne(number)
      if (number % 20 === 0) log(`${number} faults, ${journal.facts()} facts`)
    }
    await restart('SIGTERM').catch((reason: unknown) =>
      report.complaints.push(`at the end: ${String(reason)}`)
    )
    report.facts = journal.facts()
    return report
  } finally {
    await host.kill()
    disk?.unmount()
  }
}

/** One thing a client might do. */
async function work(host: ServedHost, random: Random, journal: Journal, folder: string): Promise<void> {
  const boardId = 'virtual:high'
  const seed = random.integer(1000)
  const things: (() => Promise<unknown>)[] = [
    async () => {
      const pairs = [{ activationBits: 8, weightBits: 8 }]
      const request = { boardId, kernels: ['matmul' as const], spaceFilling: 4, pairs, longestMs: 200, seed }
      journal.started((await host.call('profile.run', request)).campaignId)
    },
    async () => {
      const { models } = await host.call('model.list', {})
      const modelId = models.find(({ name }) => /lenet/i.test(name))!.id
      journal.started((await host.call('search.start', { modelId, evaluations: 4, batch: 2, seed })).searchId)
    },
    async () => {
      const { models } = await host.call('model.list', {})
      const modelId = models.find(({ name }) => /lenet/i.test(name))!.id
      const { model } = await host.call('model.info', { modelId })
      const names = model.nodes.filter(({ weighted }) => weighted).map(({ name }) => name)
      await host.call('board.connect', { id: boardId })
      const request = { modelId, scheme: [...uniformScheme(names, 8, 8)], boardId, images: 2 }
      journal.started((await host.call('deploy.run', request)).deploymentId)
    },
    () => host.call('gpu.record', { command, intervalMs: 20, idleMs: 100 }),
    () => host.call('gpu.startSampling', { intervalMs: 20 }),
    () => host.call('gpu.stopSampling', {}),
    async () => {
      const { runs } = await host.call('run.list', {})
      const run = runs.filter(({ resumable }) => resumable)[0]
      if (run !== undefined) await host.call('run.resume', { id: run.id })
    },
    async () => {
      const { jobs } = await host.call('job.list', {})
      const job = jobs.filter(({ finishedAtMs }) => finishedAtMs === null)[0]
      if (job !== undefined) await host.call('job.cancel', { id: job.id })
    },
    () => rename(host, random, journal),
    () => host.call('profile.export', { path: path.join(folder, 'all.parquet'), format: 'parquet' }),
    ...storedWork(host, random, folder)
  ]
  await things[random.integer(things.length)]!()
}

async function rename(host: ServedHost, random: Random, journal: Journal): Promise<void> {
  const { runs } = await host.call('run.list', {})
  const run = runs[random.integer(Math.max(1, runs.length))]
  if (run === undefined) return
  const name = `run ${random.integer(1_000_000)}`
  await host.call('run.rename', { id: run.id, name })
  journal.named(run.id, name)
}
