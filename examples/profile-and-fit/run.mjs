import { bitbench, output, report } from '../bitbench.mjs'

// 6 shapes at 4 bit pairs on the virtual board: 24 Samples, each checked against the host.
const shapes = ['1x16x64', '1x32x128', '1x64x64', '1x64x256', '1x120x256', '1x84x120'].map(
  (shape) => `matmul:${shape}`
)
const pairs = 'w8a8,w4a8,w4a4,w2a2'
const run = bitbench(
  'profile',
  'run',
  '--board',
  'virtual:small',
  '--shape',
  shapes.join(','),
  '--pairs',
  pairs
)

const csv = output('matmul.csv')
const exported = bitbench('profile', 'export', csv, '--kernel', 'matmul')

// Judged on shapes that were left out, then fitted on all rows and saved.
const judged = bitbench(
  'proxy',
  'evaluate',
  csv,
  '--kernel',
  'matmul',
  '--estimator',
  'physics',
  '--split',
  'shape'
)
const proxy = output('matmul.proxy.json')
bitbench('proxy', 'fit', csv, '--kernel', 'matmul', '--estimator', 'physics', '--out', proxy)
const predicted = bitbench('proxy', 'predict', proxy, csv)

report({
  samples: exported.rows,
  campaignSamples: run.samples,
  unseenShapeErrorPercent: judged.splits.shape.mape,
  predictions: predicted.predictions.length,
  insideTheirBounds: predicted.predictions.every(
    ({ predicted: value, low, high }) => low <= value && value <= high
  )
})
