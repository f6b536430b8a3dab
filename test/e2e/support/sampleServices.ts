import { sampleCollections } from './sampleEstimator'
import { sampleDataSet, samplePreview } from './sampleDataSet'
import { compareSearches } from '@core/compare/compareRuns'
import { createRandom } from '@core/math/random'
import type { CommandInput, CommandName, CommandOutput } from '@shared/contract/index'
import { sampleBoards, sampleConsole, sampleLoads, sampleTools } from './sampleBoards'
import { sampleComparison, sampleProxyDetail, sampleSets, sampleTransfer } from './sampleProxies'
import { sampleAdaptiveRun, sampleCalibration } from './sampleAdaptive'
import { sampleEnergy, sampleGpuList, sampleRecording, sampleTrace } from './sampleGpu'
import { sampleLm } from './sampleLm'
import { sampleLoop, sampleRuns } from './sampleRuns'
import { sampleMeterTrace } from './sampleMeter'
import { sampleDeployment, sampleModel, sampleRanges, samplePlan, sampleSearch } from './sampleModel'
import { sampleLabStatus } from './sampleLab'
import { sampleSharedRuns, sampleSharedStatus } from './sampleShared'
import { sampleWorkerStatus } from './sampleWorkers'
import { sampleWorkload, sampleWorkloadChecks, sampleWorkloadFigures } from './sampleWorkload'

/**
 * Typed, seeded data of every shape the contract allows, for looking at layouts without waiting for the real work.
 * It is invented and lives in tests only; the product never shows it.
 */
export type SampleHandlers = {
  [K in CommandName]?: (input: CommandInput<K>) => CommandOutput<K>
}

const random = createRandom(7)
const measuredErrors = (trainMape: number, randomMape: number, unseenShapeMape: number) => ({
  description: 'two stages: forest on macs, boosting on cbops+',
  trainMape,
  randomMape,
  unseenShapeMape
})
const pairs = [8, 4, 2, 1].flatMap((activationBits) =>
  [8, 4, 2, 1].map((weightBits) => ({ activationBits, weightBits }))
)
const shapes = [
  { kernel: 'matmul' as const, dims: [1, 120, 400] },
  { kernel: 'matmul' as const, dims: [16, 64, 256] },
  { kernel: 'conv2d' as const, dims: [28, 28, 1, 6, 5, 1, 2] },
  { kernel: 'conv2d' as const, dims: [14, 14, 6, 16, 5, 1, 0] }
]
const samples: CommandOutput<'profile.samples'>['samples'] = shapes.flatMap(({ kernel, dims }) =>
  pairs.map(({ activationBits, weightBits }, index) => {
    const macs = dims.slice(0, 3).reduce((product, size) => product * size, 1)
    const time = Math.round(
      macs * (1 + 0.35 * Math.max(activationBits, weightBits)) * (1 + 0.05 * random.normal())
    )
    return {
      id: `${kernel}-${dims.join('x')}-${index}`,
      campaignId: 'c1',
      kernel,
      dims,
      activationBits,
      weightBits,
      time,
      timeMin: time - 3,
      timeMax: time + 9,
      unit: 'cycles' as const,
      cycles: time,
      instructions: Math.round(time / 1.9),
      macs,
      repetitions: 2,
      seed: 1,
      checksum: 0x1234abcd,
      verified: true,
      origin: 'simulated' as const,
      method: 'bench cycles counter',
      boardId: 'virtual:small',
      boardKind: 'virtual',
      boardName: 'Virtual board, small',
      isa: 'rv32imac_zicsr',
      coreName: 'virtual-small',
      buildId: 0x8fe01c3a,
      clockHz: 50_000_000,
      measuredAtMs: 1_790_000_000_000 + index * 1000
    }
  })
)

const job: CommandOutput<'job.list'>['jobs'][number] = {
  id: 'j1',
  kind: 'profile.run',
  title: 'Profile Virtual board, small',
  state: 'running',
  done: 64,
  total: 512,
  unit: 'samples',
  ratePerSecond: 21.4,
  remainingMs: 21_000,
  note: 'conv2d 14 x 14 x 6',
  startedAtMs: 1_790_000_000_000,
  finishedAtMs: null,
  resumable: true,
  error: null
}

const campaign: CommandOutput<'profile.campaigns'>['campaigns'][number] = {
  id: 'c1',
  boardId: 'virtual:small',
  boardName: 'Virtual board, small',
  state: 'interrupted',
  done: 64,
  total: 512,
  startedAtMs: 1_790_000_000_000,
  finishedAtMs: 1_790_000_060_000,
  jobId: null,
  error: 'The board fell silent. Resume goes on with the 448 samples that are left.',
  request: {
    boardId: 'virtual:small',
    shapes: [],
    modelId: 'm1',
    spaceFilling: 12,
    kernels: [],
    pairs: [],
    repetitions: 2,
    seed: 1,
    longestMs: 60_000,
    remeasure: false,
    energy: null
  }
}

let theme: 'dark' | 'light' = 'dark'
const settings = (): CommandOutput<'app.settings'> => ({
  theme,
  workers: 2,
  defaultBoard: 'virtual:small',
  nvidiaSmiPath: null,
  guideSeen: false,
  tourSeen: true,
  tour: { isOpen: false, isBegun: false, skipped: [] },
  workspace: { page: null, modelId: null, boardId: null, dataSet: null, runs: {}, sizes: {} }
})
/** The same search with ever worse candidates, so that a comparison has something to show. */
const sampleSearchOf = (at: number): typeof sampleSearch => ({
  ...sampleSearch,
  trace: sampleSearch.trace.map((one) => ({
    ...one,
    loss: one.loss * (1 + at / 4),
    bestLoss: one.bestLoss === null ? null : one.bestLoss * (1 + at / 4)
  })),
  test: sampleSearch.test && { ...sampleSearch.test, best: (sampleSearch.test.best ?? 1) - at / 20 }
})
const { trace, ...searchSummary } = sampleSearch

export const sampleHandlers: SampleHandlers = {
  'app.info': () => ({
    version: '0.1.0',
    host: 'web',
    platform: 'linux x64',
    machine: '2 cores, 24 GiB',
    dataFolder: '/home/somebody/.local/share/bitbench',
    tools: [
      {
        name: 'qemu-system-riscv32',
        purpose: 'Runs the firmware as a second board',
        path: '/usr/bin/qemu-system-riscv32',
        version: '7.2.22',
        hint: 'apt install qemu-system-misc'
      },
      {
        name: 'riscv64-unknown-elf-gcc',
        purpose: 'Compiles generated C',
        path: null,
        version: null,
        hint: 'apt install gcc-riscv64-unknown-elf'
      }
    ]
  }),
  'app.settings': settings,
  'app.saveSettings': (changes) => {
    if (changes.theme === 'dark' || changes.theme === 'light') theme = changes.theme
    return settings()
  },
  'file.recent': () => ({
    files: [{ path: '/home/somebody/nets/lenet5.onnx', kind: 'network', openedAtMs: 1_790_000_000_000 }]
  }),
  'file.takeHanded': () => ({ paths: [] }),
  'file.uploads': () => ({
    files: 3,
    sizeBytes: 1_300_000,
    maxFileBytes: 2 * 1024 ** 3,
    maxTotalBytes: 16 * 1024 ** 3
  }),
  'file.inspect': ({ path }) => ({
    file: { path, name: path, kind: 'network', isFolder: false, isElf: false, sizeBytes: 1 }
  }),
  'app.log': () => ({ lines: [{ atMs: 1_790_000_000_000, text: 'board.load failed: the port is busy' }] }),
  'app.noteFault': () => ({ ok: true }),
  'app.report': () => ({ text: 'Bitbench 0.1.0 (web), node 20.19.0' }),
  'job.log': () => ({ lines: [{ atMs: 1_790_000_000_000, text: 'started' }] }),
  'store.info': () => ({
    file: '/home/somebody/.local/share/bitbench/bitbench.duckdb',
    sizeBytes: 4_200_000,
    tables: [{ name: 'samples', rows: 64 }]
  }),
  'store.losses': () => ({ losses: [] }),
  'run.list': ({ kinds }) => ({
    runs: sampleRuns.filter(({ kind }) => !kinds?.length || kinds.includes(kind))
  }),
  'session.examples': () => ({
    examples: (['transfer', 'search', 'recording', 'workload', 'estimator'] as const).map((name) => ({
      ...{ name, title: `Example: ${name}`, sizeBytes: 12_000 },
      kinds: [name === 'transfer' ? 'proxy' : name]
    }))
  }),
  'run.compare': ({ ids }) => ({
    kind: 'search',
    runs: ids.map((id) => {
      const { title, startedAtMs } = sampleRuns.find((run) => run.id === id)!
      return { id, title, startedAtMs }
    }),
    ...compareSearches(ids.map((_, at) => sampleSearchOf(at)))
  }),
  'run.markers': () => ({
    markers: [
      { atMs: 2_000, text: 'fan starts' },
      { atMs: 9_000, text: '' }
    ]
  }),
  'estimator.list': () => ({ estimators: [] }),
  'estimator.collections': () => ({ collections: sampleCollections }),
  'estimator.transferCurve': () => ({ title: '', points: [], chosen: {} }),
  'lm.info': () => sampleLm.info,
  'lm.last': () => sampleLm.last,
  'loop.list': () => ({ loops: [sampleLoop] }),
  'job.list': () => ({ jobs: [job] }),
  'board.list': () => ({ boards: sampleBoards }),
  'board.console': () => ({ chunks: sampleConsole, droppedChunks: 0 }),
  'board.tools': () => sampleTools,
  'board.loads': () => ({ loads: sampleLoads }),
  'profile.summary': () => ({
    groups: [
      {
        boardId: 'virtual:small',
        boardName: 'Virtual board, small',
        buildId: 1,
        kernel: 'matmul',
        unit: 'cycles',
        origin: 'simulated',
        samples: 32,
        shapes: 2,
        pairs: 16,
        newestAtMs: 1_790_000_000_000
      }
    ]
  }),
  'profile.campaigns': () => ({ campaigns: [campaign] }),
  'profile.adaptiveRuns': () => ({ runs: [sampleAdaptiveRun] }),
  'profile.samples': () => ({ samples, unreadable: [], total: samples.length }),
  'profile.plan': () => ({
    plan: {
      samples: 512,
      alreadyMeasured: 64,
      skipped: 3,
      skippedBecause: [{ reason: 'does not fit the board’s memory', count: 3 }],
      estimateMs: 42_000,
      estimateFrom: 'samples',
      byKernel: [
        { kernel: 'matmul', shapes: 15, pairs: 16, samples: 240 },
        { kernel: 'conv2d', shapes: 17, pairs: 16, samples: 272 }
      ],
      preview: shapes
    }
  }),
  'proxy.list': () => ({
    unreadable: [],
    proxies: [
      sampleProxyDetail.proxy,
      { ...sampleProxyDetail.proxy, id: 'p2', kernel: 'matmul', estimator: 'physics', pinned: false }
    ]
  }),
  'proxy.samples': () => ({ sets: sampleSets }),
  'proxy.comparison': () => sampleComparison,
  'proxy.transferCurve': () => sampleTransfer,
  'proxy.publishedTable': () => ({
    rows: [
      {
        dataset: 'MiCo high conv2d',
        publishedOneStage: 2.52,
        publishedTwoStage: 0.99,
        oneStage: measuredErrors(2.7, 7.8, 36.5),
        publishedRule: measuredErrors(0.2, 12.6, 139.7),
        twoStage: measuredErrors(1, 9.6, 37.3)
      }
    ]
  }),
  'proxy.detail': () => sampleProxyDetail,
  'proxy.calibrations': () => ({ calibrations: [sampleCalibration], unreadable: [] }),
  'dataset.list': () => ({ dataSets: [sampleDataSet] }),
  'dataset.preview': () => samplePreview,
  'model.list': () => ({
    models: [sampleModel],
    dataSet: {
      name: 'Fashion-MNIST subset',
      origin: 'Zalando Research, MIT licence, resources/models',
      splits: [
        { split: 'calibration', images: 256 },
        { split: 'search', images: 1500 },
        { split: 'test', images: 1000 }
      ]
    }
  }),
  'model.ranges': () => ({ ranges: sampleRanges }),
  'model.info': () => ({ model: sampleModel }),
  'model.evaluations': () => ({
    evaluations: [
      {
        modelId: 'm1',
        scheme: null,
        method: 'ptq',
        split: 'test',
        images: 1000,
        correct: 906,
        accuracy: 0.906,
        metrics: { accuracy: 0.906 },
        dataSet: 'Fashion-MNIST',
        fittedOn: null,
        durationMs: 210,
        atMs: 1_790_000_000_000,
        cached: false
      },
      {
        modelId: 'm1',
        scheme: sampleSearch.best!.scheme,
        method: 'ptq',
        split: 'test',
        images: 1000,
        correct: 893,
        accuracy: 0.893,
        metrics: { accuracy: 0.893 },
        dataSet: 'Fashion-MNIST',
        fittedOn: { items: 512, available: 2000 },
        durationMs: 350,
        atMs: 1_790_000_000_000,
        cached: false
      }
    ]
  }),
  'model.sensitivities': () => ({
    rows: sampleModel.weightedLayers.flatMap((layer, at) =>
      (['weight', 'activation'] as const).flatMap((what) =>
        ([4, 2, 1] as const).map((bits) => ({
          layer,
          what,
          bits,
          metric: 'accuracy' as const,
          accuracy: 0.9 - (5 - at) * 0.02 * (4 / bits - 1)
        }))
      )
    )
  }),
  'search.list': () => ({
    searches: [
      searchSummary,
      {
        ...{ ...searchSummary, id: 's2', state: 'cancelled', test: null, retrained: null },
        request: { ...searchSummary.request, budgetRatio: 0.7 }
      }
    ]
  }),
  'search.cost': ({ scheme }) => ({
    cost: scheme.reduce((sum, { weightBits }, at) => sum + weightBits * (at + 1) * 100, 0),
    baselineCost: 12_000,
    unit: 'bytes'
  }),
  'search.get': () => ({ search: { ...searchSummary, trace } }),
  'deploy.list': () => ({ deployments: [sampleDeployment] }),
  'deploy.plan': () => ({ plan: samplePlan }),
  'lab.status': () => sampleLabStatus,
  'shared.status': () => sampleSharedStatus,
  'shared.runs': () => ({ runs: sampleSharedRuns, total: sampleSharedRuns.length }),
  'worker.status': () => sampleWorkerStatus,
  'remote.hosts': () => ({
    hosts: [
      {
        name: 'gpu1',
        prefix: ['ssh', 'gpu1'],
        bitbench: ['bitbench'],
        shells: null,
        folder: null,
        sharedFolder: null
      }
    ]
  }),
  'workload.list': () => ({ runs: [sampleWorkload] }),
  'workload.get': () => ({ run: sampleWorkload }),
  'workload.check': () => sampleWorkloadChecks,
  'workload.figures': () => sampleWorkloadFigures(),
  'gpu.list': () => sampleGpuList,
  'gpu.samplingState': () => ({
    state: 'running',
    intervalMs: 100,
    achievedHz: 9.8,
    samples: 1200,
    restarts: 1,
    gaps: 1,
    malformedLines: 0,
    dropped: 0,
    recordingId: null,
    message: null,
    hint: null
  }),
  'gpu.history': () => sampleTrace,
  'gpu.recordings': () => ({ recordings: [sampleRecording], unreadable: [] }),
  'gpu.recording': () => ({
    recording: sampleRecording,
    phases: [],
    gaps: [{ fromMs: 4000, toMs: 4600, reason: 'nvidia-smi died' }]
  }),
  'gpu.recordingTrace': () => sampleTrace,
  'meter.live': () => ({ meters: [] }),
  'meter.trace': () => sampleMeterTrace,
  'energy.report': () => sampleEnergy,
  'energy.stretch': ({ fromMs, toMs }) => ({
    ...{
      fromMs,
      toMs,
      durationMs: toMs - fromMs,
      coveredMs: toMs - fromMs,
      gapCount: 0,
      samples: 9,
      implausible: 0
    },
    ...{ totalJ: 120, meanW: 61, minW: 49, maxW: 70, deltaW: 21 }
  })
}
