import { describe, expect, it } from 'vitest'
import type { SampleSet } from '@shared/contract/proxy'
import { publishedSets } from '@renderer/views/proxy/publishedSets'

const file = (path: string, kernel: SampleSet['kernel']): SampleSet => ({
  source: { kind: 'files', paths: [path] },
  title: path,
  kernel,
  unit: 'cycles',
  rows: 10,
  shapes: 2
})

describe('data sets of the published study', () => {
  it('are recognised by their public file names and kernel', () => {
    const sets = publishedSets([
      file('/data/mico_small_conv2d_zoo.csv', 'conv2d'),
      file('/data/bitfusion_matmul_zoo.csv', 'matmul'),
      file('/data/mico_high_conv2d_zoo.csv', 'matmul'),
      file('/data/other.csv', 'conv2d'),
      { ...file('x', 'conv2d'), source: { kind: 'board', boardId: 'virtual:small' } }
    ])
    expect(sets.map(({ dataset }) => dataset)).toEqual(['MiCo small conv2d', 'BitFusion matmul'])
  })
})
