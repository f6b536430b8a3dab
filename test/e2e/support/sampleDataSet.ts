import type { DataSetInfo } from '@shared/contract/dataset'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import type { CommandOutput } from '@shared/contract'

/** A data set with everything a page can show of one. */
export const sampleDataSet: DataSetInfo = {
  id: '0123456789abcdef',
  name: 'leaves',
  request: dataSetRequestSchema.parse({
    path: '/home/somebody/pictures/leaves of the garden',
    name: 'leaves'
  }),
  format: 'images',
  task: 'classification',
  element: 'u8',
  shape: [8, 8, 3],
  items: 80,
  range: { low: 0, high: 255 },
  classes: ['maple', 'oak'],
  targetWidth: 1,
  splits: [
    { split: 'calibration', items: 8, histogram: [4, 4] },
    { split: 'tune', items: 8, histogram: [4, 4] },
    { split: 'search', items: 24, histogram: [12, 12] },
    { split: 'test', items: 40, histogram: [20, 20] }
  ],
  skipped: { count: 1, first: [{ name: 'oak/damaged.png', reason: 'it cannot be decoded' }] },
  leaks: { items: 2, pairs: [{ names: ['oak/a.png', 'oak/b.png'], splits: ['search', 'test'] }] },
  notes: [],
  audio: null,
  sizeBytes: 15_360,
  createdAtMs: 1_790_000_000_000,
  problem: null
}

export const samplePreview: CommandOutput<'dataset.preview'> = {
  items: Array.from({ length: 6 }, (_, index) => ({
    name: `oak/${index}.png`,
    split: 'test',
    label: 'oak',
    shape: [8, 8, 3],
    values: Array.from({ length: 192 }, (_value, at) => (at * 7 + index * 31) % 256)
  }))
}
