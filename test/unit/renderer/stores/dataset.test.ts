import { describe, expect, it, vi } from 'vitest'
import { useDataSets } from '@renderer/stores/dataset'
import { withClient } from './withClient'

describe('data sets', () => {
  it('show items of the split that was chosen last, however slow an earlier one is read', async () => {
    const replies = new Map<string, () => void>()
    withClient({
      'dataset.list': () => ({ dataSets: [] }),
      'dataset.preview': ({ split }) =>
        new Promise((resolve) => {
          const item = {
            name: 'a',
            split,
            label: null,
            shape: [1, 1, 1] as [number, number, number],
            values: [0]
          }
          replies.set(split, () => resolve({ items: [item] }))
        })
    })
    const sets = useDataSets()
    sets.openName = 'pictures'
    const both = [sets.selectSplit.run('calibration'), sets.selectSplit.run('test')]
    await vi.waitFor(() => expect(replies.size).toBe(2), { timeout: 30_000 })
    replies.get('test')!()
    await both[1]
    replies.get('calibration')!()
    await both[0]
    expect(sets.preview.map(({ split }) => split)).toEqual(['test'])
  })
})
