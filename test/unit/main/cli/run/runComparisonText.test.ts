import { expect, it } from 'vitest'
import { comparisonText } from '@main/cli/run/runComparisonText'

it('names kernels that have no shape in common together, without values that there are none of', () => {
  const figure = { unit: 'cycles', how: 'ratio' as const }
  const text = comparisonText({
    kind: 'board',
    runs: ['a', 'b'].map((id) => ({ id: `board:${id}`, title: id, startedAtMs: 0 })),
    notes: [],
    rows: [],
    figures: [
      {
        ...{ ...figure, name: 'matmul w8a8 (2 shapes)', values: [10, 30] },
        against: [null, { value: 3, low: 2, high: 4 }]
      },
      { ...figure, name: 'conv2d w8a8', values: [null, null], against: [null, null] },
      { ...figure, name: 'conv2d w1a1', values: [null, null], against: [null, null] },
      // Of three boards, pairs may have shapes in common that not all have.
      {
        ...figure,
        name: 'add a8',
        values: [null, null],
        against: [null, { value: 2, low: null, high: null }]
      }
    ]
  } as never)
  expect(text).toContain('matmul w8a8 (2 shapes) (cycles): A 10  B 30; B/A 3 [2, 4]')
  expect(text).toContain('add a8 (cycles): A –  B –; B/A 2')
  expect(text).toContain('Without values to compare: conv2d w8a8, conv2d w1a1')
  expect(text).not.toMatch(/conv2d[^,]*: A –/)
})
