import { loopStepIdSchema, type Loop } from '@shared/contract/loop'
import type { Run } from '@shared/contract/run'

const startedAtMs = 1_790_000_000_000

const run = (id: string, change: Partial<Run>): Run => ({
  id,
  kind: 'search',
  name: null,
  notes: '',
  tags: [],
  title: 'Search by mico within 70 % of int8',
  detail: '32 of 32 schemes, best 91.2 %',
  state: 'done',
  startedAtMs,
  finishedAtMs: startedAtMs + 60_000,
  jobId: null,
  resumable: false,
  forgotten: false,
  model: 'lenet5-fashion',
  board: 'Virtual board, small',
  dataSet: 'Fashion-MNIST',
  imported: null,
  origin: null,
  problem: null,
  ...change
})

/** Runs of every kind and state, with long names. */
export const sampleRuns: Run[] = [
  run('l1', {
    kind: 'loop',
    state: 'interrupted',
    resumable: true,
    title: 'Whole loop on Virtual board, small',
    detail: '3 of 6 steps'
  }),
  run('s1', {
    name: 'Night run for the paper with the new firmware and a rather long name',
    tags: ['paper', 'firmware 4'],
    notes: 'Budget chosen from the first campaign.'
  }),
  run('s2', { state: 'cancelled', resumable: true, detail: '7 of 32 schemes' }),
  run('c1', { kind: 'campaign', title: 'Profile Virtual board, small', detail: '584 of 584 samples' }),
  run('a1', { kind: 'adaptive', title: 'conv2d on Virtual board, small, adaptively', state: 'failed' }),
  run('d1', { kind: 'deployment', title: 'Deploy lenet5_mnist to Virtual board, small' }),
  run('d2', {
    kind: 'deployment',
    title: 'Unreadable deployment',
    state: 'unreadable',
    detail: '',
    problem: 'request.images: Invalid input: expected number, received undefined'
  })
]

/** A loop that was interrupted during its search. */
export const sampleLoop: Loop = {
  id: 'l1',
  jobId: null,
  state: 'interrupted',
  startedAtMs,
  finishedAtMs: null,
  request: {
    boardId: 'virtual:small',
    modelId: null,
    spaceFilling: 12,
    estimator: 'auto',
    budgetRatio: 0.75,
    evaluations: 40,
    images: 250,
    seed: 1
  },
  steps: loopStepIdSchema.options.map((id, index) => ({
    id,
    state: index < 3 ? ('done' as const) : ('waiting' as const),
    jobId: null,
    startedAtMs: index < 3 ? startedAtMs + index : null,
    finishedAtMs: index < 3 ? startedAtMs + index + 1 : null,
    results: index < 3 ? [`Result of ${id}`] : [],
    error: null
  })),
  board: { kind: 'virtual', name: 'Virtual board, small', isa: 'rv32imac_zicsr', buildId: 0x8fe01c3a },
  modelId: 'lenet5_mnist',
  campaignId: 'c1',
  samples: 584,
  proxies: [{ kernel: 'conv2d', proxyId: 'p1' }],
  searchId: 's2',
  deploymentId: null
}
