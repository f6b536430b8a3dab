import type { SharedRun, SharedStatus } from '@shared/contract/shared'

const atMs = Date.UTC(2026, 2, 4, 9, 30)

/** A shared folder with this host and two others, and two files that are left out. */
export const sampleSharedStatus: SharedStatus = {
  ...{ folder: '/mnt/lab/bitbench', name: 'desk', reuse: true, canPublish: true, problem: null, reused: 412 },
  hosts: [
    {
      ...{ host: 'bench-a-51c0ffee', version: '0.1.0', publishedAtMs: atMs, isHere: false },
      ...{ runs: 41, samples: 18_240, readings: 1_204_331, results: 3_418, sizeBytes: 48_211_002 }
    },
    {
      ...{ host: 'bench-b-0badcafe', version: '0.0.9', publishedAtMs: atMs - 86_400_000, isHere: false },
      ...{ runs: 3, samples: 120, readings: 0, results: 96, sizeBytes: 140_022 }
    },
    {
      ...{ host: 'desk-1a2b3c4d', version: '0.1.0', publishedAtMs: atMs + 60_000, isHere: true },
      ...{ runs: 7, samples: 640, readings: 36_000, results: 512, sizeBytes: 2_400_113 }
    }
  ],
  leftOut: [
    {
      file: '/mnt/lab/bitbench/samples/host=bench-b-0badcafe/8f2c.parquet',
      why: 'a newer Bitbench wrote it (form 2): update this one'
    },
    {
      file: '/mnt/lab/bitbench/results/host=bench-b-0badcafe/2026-03-03.parquet',
      why: 'it cannot be read: TProtocolException: Invalid data'
    }
  ]
}

const run = (changes: Partial<SharedRun>): SharedRun => ({
  ...{ host: 'bench-a-51c0ffee', id: 's1', kind: 'search', name: null, tags: [], state: 'done' },
  ...{
    title: 'Search lenet5-fashion within 70 % of int8',
    detail: '64 of 64 schemes',
    model: 'lenet5-fashion'
  },
  ...{ board: 'virtual:small', dataSet: 'Fashion-MNIST', startedAtMs: atMs - 7_200_000 },
  ...{ sessionBytes: 231_400, hereAs: null },
  ...changes
})

/** Runs of the two other hosts. */
export const sampleSharedRuns: SharedRun[] = [
  run({}),
  run({ id: 's2', host: 'bench-b-0badcafe', name: 'With the new kernels', tags: ['paper'], hereAs: 's2' }),
  run({
    id: 'c1',
    kind: 'campaign',
    title: 'Profile Arty A7',
    model: null,
    board: 'port:/dev/ttyUSB1',
    dataSet: null
  }),
  run({
    id: 'r1',
    kind: 'recording',
    title: 'python train.py',
    model: null,
    board: 'H100',
    sessionBytes: null
  })
]
