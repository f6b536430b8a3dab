import type { CliNoun } from './framework/framework'

/** A noun of the command line as its overview shows it, without loading what its verbs need. */
export interface CliEntry {
  readonly noun: string
  readonly summary: string
  /** Names of its verbs, in the order they are shown; the noun's own name where it has no verb. */
  readonly verbs: readonly string[]
  load(): Promise<CliNoun>
}

/** Every noun of the command line, in the order of the loop. Code is loaded when a noun is used: `--help` needs none. */
export const cliEntries: readonly CliEntry[] = [
  {
    noun: 'demo',
    summary: 'the whole loop: connect, profile, fit, search, deploy, check',
    verbs: ['demo'],
    load: async () => (await import('./demo')).demoCli
  },
  {
    noun: 'board',
    summary: 'boards: list, identify, listen and type, load files, bitstreams, debug probes',
    verbs: [
      'list',
      'info',
      'test-line',
      'console',
      'mlperf',
      'load',
      'boot',
      'describe',
      'twin',
      'tools',
      'detect',
      'bitstream',
      'debug-load'
    ],
    load: async () => (await import('./board/board')).boardCli
  },
  {
    noun: 'profile',
    summary: 'profile campaigns: measure kernels on a board, export and import Samples',
    verbs: ['run', 'adaptive', 'export', 'compare', 'import'],
    load: async () => (await import('./profile/profile')).profileCli
  },
  {
    noun: 'proxy',
    summary: 'latency proxies: fit, judge on held-out rows, predict, sweep, transfer, report',
    verbs: [
      'fit',
      'evaluate',
      'predict',
      'keep',
      'kept',
      'sweep',
      'transfer',
      'published',
      'calibrate',
      'report'
    ],
    load: async () => (await import('./proxy/proxy')).proxyCli
  },
  {
    noun: 'dataset',
    summary: 'data sets: your own items, read once, split, prepared',
    verbs: ['add', 'list', 'info', 'remove'],
    load: async () => (await import('./dataset')).datasetCli
  },
  {
    noun: 'model',
    summary: 'networks: read an ONNX file, judge a scheme',
    verbs: ['check', 'run', 'info', 'evaluate', 'results'],
    load: async () => (await import('./model/model')).modelCli
  },
  {
    noun: 'search',
    summary: 'mixed precision: the scheme that loses least within a budget',
    verbs: ['run', 'front'],
    load: async () => (await import('./search/search')).searchCli
  },
  {
    noun: 'deploy',
    summary: 'a scheme on a board, as C in a folder, or on BitFusion',
    verbs: ['bitfusion', 'build', 'energy', 'flash', 'run'],
    load: async () => (await import('./deploy/deploy')).deployCli
  },
  {
    noun: 'lm',
    summary: 'language models: sizes, perplexity in float and at mixed precision',
    verbs: ['info', 'perplexity', 'profile', 'predict', 'search'],
    load: async () => (await import('./lm/lm')).lmCli
  },
  {
    noun: 'chat',
    summary: 'a language model on a board continues a text, token by token',
    verbs: ['chat'],
    load: async () => (await import('./lm/chat')).chatCli
  },
  {
    noun: 'run',
    summary: 'stored runs: list, show, compare, resume, name, annotate, delete, restore',
    verbs: ['list', 'show', 'compare', 'resume', 'rename', 'note', 'remove', 'restore'],
    load: async () => (await import('./run/run')).runCli
  },
  {
    noun: 'session',
    summary: 'session files: runs with all they need, carried to another machine',
    verbs: ['export', 'import', 'info', 'examples'],
    load: async () => (await import('./session')).sessionCli
  },
  {
    noun: 'shared',
    summary: 'a folder of Parquet in which hosts publish: publish, list, take over, query',
    verbs: ['status', 'use', 'forget', 'publish', 'withdraw', 'runs', 'take', 'query'],
    load: async () => (await import('./shared')).sharedCli
  },
  {
    noun: 'bench',
    summary: 'kernels on a board',
    verbs: ['kernels'],
    load: async () => (await import('./bench/bench')).benchCli
  },
  {
    noun: 'gpu',
    summary: 'NVIDIA GPUs: list them, record power and energy of a command, show recordings',
    verbs: ['list', 'record', 'import', 'show'],
    load: async () => (await import('./gpu/gpu')).gpuCli
  },
  {
    noun: 'meter',
    summary: 'power meters beside a board: read, record energy of a command, take recordings over',
    verbs: ['read', 'record', 'import'],
    load: async () => (await import('./meter/meter')).meterCli
  },
  {
    noun: 'workload',
    summary: 'whole networks on this CPU or GPU: precisions, energy per layer, prediction impact',
    verbs: ['check', 'run', 'figures', 'compare', 'list', 'show'],
    load: async () => (await import('./workload/workload')).workloadCli
  },
  {
    noun: 'estimator',
    summary: 'latency by stage: measure, train, evaluate, move to another device, guard a budget',
    verbs: [
      'collect',
      'train',
      'evaluate',
      'figures',
      'test',
      'predict',
      'calibrate',
      'transfer',
      'guardrail'
    ],
    load: async () => (await import('./estimator/estimator')).estimatorCli
  },
  {
    noun: 'worker',
    summary: 'evaluations for other machines: work for a queue server, list its workers',
    verbs: ['worker'],
    load: async () => (await import('./worker')).workerCli
  },
  {
    noun: 'lab',
    summary: 'boards of a labgrid: list places, name the coordinator, release what was left',
    verbs: ['places', 'use', 'forget', 'release'],
    load: async () => (await import('./lab')).labCli
  },
  {
    noun: 'remote',
    summary: 'GPU hosts elsewhere, behind ssh, srun or sbatch: name, check, forget them',
    verbs: ['list', 'add', 'check', 'remove', 'agent'],
    load: async () => (await import('./remote/remote')).remoteCli
  },
  {
    noun: 'serve',
    summary: 'the window in a browser, on this machine only',
    verbs: ['serve'],
    load: async () => (await import('./serve')).serveCli
  }
]
