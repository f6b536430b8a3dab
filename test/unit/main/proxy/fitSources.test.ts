import { describe, expect, it } from 'vitest'
import { createSampleSources } from '@main/proxy/fitSources'

describe('sets of Samples of a board', () => {
  const set = { boardId: 'b', boardName: 'Board', kernel: 'conv2d' as const, rows: 9, shapes: 3 }
  const loads: unknown[] = []
  const sources = createSampleSources({
    list: async () => [
      { ...set, unit: 'cycles' },
      { ...set, unit: 'nJ' }
    ],
    load: async (...args) => {
      loads.push(args)
      return expect.fail('nothing is read here')
    }
  })

  it('differ in their titles, as fits of them do', async () => {
    const sets = await sources.sets()
    expect(sets.map(({ title, source }) => [title, source])).toEqual([
      ['Board', { kind: 'board', boardId: 'b' }],
      ['Board, energy', { kind: 'board', boardId: 'b', quantity: 'energy' }]
    ])
    for (const { source, title } of sets) expect(await sources.titleOf(source)).toBe(title)
  })

  it('are latency where a source names no quantity', async () => {
    await sources.load({ kind: 'board', boardId: 'b' }, 'conv2d').catch(() => undefined)
    await sources.load({ kind: 'board', boardId: 'b', quantity: 'energy' }, 'conv2d').catch(() => undefined)
    expect(loads).toEqual([
      ['b', 'conv2d', 'latency'],
      ['b', 'conv2d', 'energy']
    ])
  })
})
