import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { boardMigrations } from '@main/board/boardService'
import { deployMigrations } from '@main/deploy/deployStore'
import { estimatorMigrations, createEstimatorStore } from '@main/estimator/estimatorStore'
import { createGpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { loopMigrations } from '@main/loop/loopService'
import { profileMigrations } from '@main/profile/profileService'
import { createProfileStore } from '@main/profile/profileStore'
import { createProxyStore, proxyMigrations } from '@main/proxy/proxyStore'
import { remoteMigrations } from '@main/remote/runOrigins'
import { createImportedRuns, sessionMigrations } from '@main/runs/importedRuns'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createRunService } from '@main/runs/runService'
import { createRunKeeper } from '@main/runs/runKeeper'
import { createSearchStore, searchMigrations } from '@main/search/searchStore'
import { createSessionService, type SessionService } from '@main/session/sessionService'
import { sharedMigrations } from '@main/shared/sharedStore'
import { openStore, type Store } from '@main/store/store'
import { keptKinds } from '@main/wiring/sessions'
import { sessionTables } from '@main/wiring/sessionTables'
import { workloadMigrations } from '@main/workload/workloadRecord'
import { createHash } from 'node:crypto'
import type { JobService } from '@main/jobs/jobService'
import type { Sample } from '@shared/contract/profile'
import type { Search } from '@shared/contract/search'
import type { Recording } from '@shared/contract/gpu'

/** A data file with the tables that sessions carry, and the session service over it; networks are fakes of a few bytes. */
export interface SessionBench {
  store: Store
  sessions: SessionService
  runs: ReturnType<typeof createRunService>
  models: Map<string, { name: string; file: string; shipped: boolean }>
  call<K extends keyof SessionService['handlers']>(
    name: K,
    input: Parameters<SessionService['handlers'][K]>[0]
  ): ReturnType<SessionService['handlers'][K]>
  /** Every row of every table, as one text. */
  content(): Promise<string>
  close(): Promise<void>
}

const migrations = [
  ...[
    boardMigrations,
    deployMigrations,
    estimatorMigrations,
    gpuMigrations,
    loopMigrations,
    profileMigrations
  ],
  ...[
    proxyMigrations,
    remoteMigrations,
    runMigrations,
    searchMigrations,
    sessionMigrations,
    sharedMigrations,
    workloadMigrations
  ]
]
const context = { signal: new AbortController().signal }

/** Id of a network's bytes, as Bitbench gives it. */
export const modelId = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16)

export async function openSessionBench(folder: string, name: string): Promise<SessionBench> {
  const dataFolder = path.join(folder, name)
  mkdirSync(dataFolder, { recursive: true })
  const store = await openStore({ file: ':memory:', migrations })
  const labels = createRunLabels(store)
  const models: SessionBench['models'] = new Map()
  let ids = 0
  const newId = (): string => `${name}-${++ids}`
  const imported = createImportedRuns(store, newId)
  const jobs = {} as JobService
  const searches = createRunKeeper<Search>({
    ...{ kind: 'search', noun: 'search', jobs, labels, table: createSearchStore(store) },
    describe: () => ({ title: 'A search', detail: '', finishedAtMs: null }),
    begin: () => Promise.reject(new Error('not here'))
  })
  const profile = createProfileStore(store)
  const campaigns = createRunKeeper({
    ...{ kind: 'campaign', noun: 'campaign', jobs, labels },
    table: {
      list: profile.campaigns,
      get: profile.campaign,
      remove: (id) => profile.forgetCampaign(id, false)
    },
    describe: ({ boardName }) => ({ title: `Profile ${boardName}`, detail: '', finishedAtMs: null }),
    begin: () => Promise.reject(new Error('not here'))
  })
  const proxies = createProxyStore(store)
  const gpu = createGpuStore(store)
  const runs = createRunService({
    labels,
    kinds: [
      ...[searches, campaigns],
      ...keptKinds(
        labels,
        { recordings: gpu, removeRecording: (id) => gpu.delete(id), estimators: createEstimatorStore(store) },
        proxies
      )
    ],
    imported,
    emit: () => undefined,
    nowMs: () => 5
  })
  const sessions = createSessionService({
    ...{ store, newId, version: '9.9.9', tables: sessionTables, nowMs: () => 1234, emit: () => undefined },
    runs: () => runs.list(),
    reliances: async () => () => [],
    models: async () =>
      [...models].map(([id, model]) => ({ id, name: model.name, shipped: model.shipped, dataSet: null })),
    modelFiles: async (id) => [{ location: `${models.get(id)!.name}.onnx`, file: models.get(id)!.file }],
    modelIds: async () => new Set(models.keys()),
    modelIdOf: async (file) => modelId(await readFile(file)),
    async openModel(file) {
      models.set(modelId(await readFile(file)), { name: path.basename(file, '.onnx'), file, shipped: false })
    },
    async markers() {
      return new Map([...(await labels.all())].map(([id, { markers }]) => [id, markers]))
    },
    origin: () => imported.origin(),
    modelsFolder: path.join(dataFolder, 'models'),
    scratchFolder: path.join(dataFolder, 'sessions'),
    examplesFolder: path.join(folder, 'examples')
  })
  const call: SessionBench['call'] = (command, input) =>
    sessions.handlers[command](input as never, context) as never
  return {
    ...{ store, sessions, runs, models, call },
    async content() {
      const tables = await store.all<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_name <> 'session_origin' ORDER BY 1`
      )
      const parts: string[] = []
      for (const { name: table } of tables)
        parts.push(
          table,
          JSON.stringify(await store.all(`SELECT t::VARCHAR AS row FROM ${table} t ORDER BY 1`))
        )
      return parts.join('\n')
    },
    close: () => store.close()
  }
}

/** A board's campaign of two Samples and one refusal. */
export async function addCampaign(
  store: Store,
  id: string,
  boardId: string,
  change: { times?: [number, number]; modelId?: string; sampleIds?: [string, string] } = {}
): Promise<void> {
  const { times = [1000, 2000], sampleIds = [`${id}-s1`, `${id}-s2`] } = change
  const profile = createProfileStore(store)
  const item = (dims: number[]) => ({ kernel: 'matmul' as const, dims, activationBits: 8, weightBits: 4 })
  const items = [item([1, 64, 32]), item([1, 32, 16]), item([9, 9, 9])]
  await profile.addCampaign(
    {
      ...{ id, boardId, boardName: `Board ${boardId}`, state: 'done', done: 0, total: 3, startedAtMs: 10 },
      ...{ finishedAtMs: 20, jobId: null, error: null, buildId: 7, coreName: 'core' },
      request: {
        ...{ boardId, shapes: [], modelId: change.modelId ?? null, spaceFilling: 2, kernels: [], pairs: [] },
        ...{ repetitions: 2, seed: 1, longestMs: 60_000, remeasure: false, energy: null }
      }
    },
    items
  )
  for (const [index, time] of times.entries())
    await profile.addSample(sampleOf(sampleIds[index]!, id, boardId, items[index]!, time), 3)
  await profile.addRefusal(id, items[2]!, 'does not fit')
}

function sampleOf(
  id: string,
  campaignId: string,
  boardId: string,
  item: { kernel: 'matmul'; dims: number[]; activationBits: number; weightBits: number },
  time: number
): Sample {
  return {
    ...{ id, campaignId, ...item, time, timeMin: time - 1, timeMax: time + 1, unit: 'cycles', cycles: time },
    ...{ instructions: null, macs: 2048, repetitions: 2, seed: 1, checksum: 99, verified: true },
    ...{
      origin: 'simulated',
      method: 'counter',
      boardId,
      boardKind: 'virtual',
      boardName: `Board ${boardId}`
    },
    ...{ isa: 'rv32im', coreName: 'core', buildId: 7, clockHz: 1e6, measuredAtMs: 15 }
  }
}

/** A search of one scheme; `proxyId`: what it is priced with. */
export async function addSearch(
  store: Store,
  id: string,
  change: { modelId?: string; proxyId?: string | null; accuracy?: number; boardId?: string } = {}
): Promise<void> {
  const scheme = [{ layer: 'fc', weightBits: 4 as const, activationBits: 8 as const }]
  const candidate: Search['trace'][number] = {
    ...{ index: 0, batch: 0, scheme, cost: 10, costs: [10], accuracy: change.accuracy ?? 0.9, kl: 0.01 },
    ...{ crossEntropy: 0.3, mse: 0.1, loss: 0.01, feasible: true, phase: 'initial', expectedLoss: null },
    ...{ bestLoss: 0.01, bestAccuracy: 0.9, versusInt8: null }
  }
  await createSearchStore(store).save({
    ...{
      id,
      jobId: null,
      state: 'done',
      startedAtMs: 30,
      costUnit: 'cycles',
      baselineCost: 20,
      minimumCost: 5
    },
    request: {
      ...{
        modelId: change.modelId ?? 'none',
        strategy: 'auto',
        objective: 'kl',
        cost: 'proxy',
        method: 'ptq'
      },
      ...{ proxyId: change.proxyId ?? null, budgetRatio: 0.7, alsoWithin: [], allowed: [], evaluations: 2 },
      ...{ batch: 1, seed: 1, retrainTop: 0 }
    },
    about: { model: 'net', dataSet: 'images', board: change.boardId ?? 'virtual:small' },
    ...{
      budget: 14,
      otherLimits: [],
      budgetFeasible: true,
      metric: 'accuracy' as const,
      int8Accuracy: 0.91,
      floatAccuracy: 0.92
    },
    ...{ trace: [candidate], best: candidate, test: null, retrained: null, speed: null, error: null }
  })
}

/** A fitted proxy; its model is one number. */
export async function addProxy(store: Store, id: string, boardId: string, pinned = true): Promise<void> {
  const errors = {
    count: 2,
    mape: 1,
    r2: 1,
    mae: 1,
    p95: 1,
    spearman: null,
    foldMape: { mean: 1, deviation: 0, worst: 1 }
  }
  await createProxyStore(store).add(
    {
      ...{ id, title: 'matmul', kernel: 'matmul', unit: 'cycles', requested: 'auto', estimator: 'residual' },
      ...{ description: 'words', rows: 2, shapes: 2, boardId, seed: 1, createdAtMs: 25, trainMape: 1 },
      ...{ randomMape: null, unseenShapeMape: 4.5, pinned }
    },
    {
      ...{ splits: { train: { ...errors, int8Mape: null, otherMape: null } }, points: [], perPair: [] },
      ...{ interval: { level: 0.9, coverage: null }, importance: [], learningCurve: [] },
      ...{
        proxy: { format: 'bitbench.proxy', version: 1, kernel: 'matmul', weight: 0.1 },
        description: 'words'
      }
    } as never
  )
}

/** A recording of one GPU with `watts.length` readings, 100 ms apart. */
export async function addRecording(store: Store, id: string, watts: readonly number[]): Promise<void> {
  const gpu = createGpuStore(store)
  const unavailable = { state: 'unavailable' as const, reason: 'no library', source: null }
  const recording: Recording = {
    ...{ id, title: 'Recording', state: 'done', origin: 'simulated', command: ['python', 'train.py'] },
    ...{
      startedAtMs: 40,
      durationMs: 100 * watts.length,
      exitCode: 0,
      driverVersion: '535',
      intervalMs: 100
    },
    gpus: [{ index: 0, name: 'GPU', uuid: null }],
    ...{ powerFields: ['power.draw'], askedHz: 10, achievedHz: 10, samples: watts.length, restarts: 0 },
    ...{ malformedLines: 0, temperatureBeforeC: [null], temperatureAfterC: [null], powerLimitsW: [300] },
    ...{ idleMs: 0, idleAfterMs: 0, counter: unavailable, cpuCounter: unavailable, strangers: [] },
    ...{ strangersUnknown: null, clockLock: null, migGpus: [], message: null }
  }
  await gpu.save(recording)
  await gpu.addSamples(
    id,
    watts.map((power, index) => {
      const values = new Float64Array(11).fill(NaN)
      values[0] = power
      return { gpuIndex: 0, tMs: 100 * index, values } as never
    })
  )
  await gpu.savePhases(id, [
    {
      sequence: 0,
      phase: { name: 'train', trial: 0, fromMs: 0, toMs: 200, repetitions: null, ended: true }
    } as never
  ])
}
