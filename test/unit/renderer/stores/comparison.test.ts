// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useComparison } from '@renderer/stores/comparison'
import { againstText, comparisonCharts, figureText, isClear } from '@renderer/views/compare/comparisonRows'
import { withClient } from './withClient'

const run = (id: string, kind: string, more: object = {}): object => ({
  ...{ id, kind, state: 'done', forgotten: false, title: id, name: null, tags: [], notes: '' },
  ...{ detail: '', model: null, board: null, dataSet: null, startedAtMs: 1, finishedAtMs: 2, jobId: null },
  ...{ resumable: false, problem: null, imported: null, origin: null },
  ...more
})
const runs = [run('s1', 'search'), run('s2', 'search'), run('p1', 'proxy'), run('l1', 'loop')]
const group = (boardId: string, samples: number, newestAtMs: number): object => ({
  ...{ boardId, boardName: `Board ${boardId}`, buildId: null, kernel: 'matmul', unit: 'cycles' },
  ...{ origin: 'measured', samples, shapes: 1, pairs: 1, newestAtMs }
})
const groups = [group('b1', 1200, 5), group('b1', 34, 9), group('b2', 1, 3)]
const asked: string[][] = []

beforeEach(() => {
  sessionStorage.clear()
  asked.length = 0
  withClient({
    'run.list': () => ({ runs }) as never,
    'profile.summary': () => ({ groups }) as never,
    'run.compare': ({ ids }: { ids: string[] }) => {
      asked.push(ids)
      return {
        kind: 'search',
        runs: ids.map((id) => ({ id, title: id, startedAtMs: 0 })),
        notes: [],
        figures: [],
        rows: [],
        curves: []
      } as never
    }
  })
})
afterEach(() => sessionStorage.clear())

describe('the comparison', () => {
  it('waits for a second run of the kind, then compares, and survives a reload', async () => {
    const store = useComparison()
    store.open(['s1'])
    await store.load.run()
    expect(asked).toEqual([])
    expect(store.offered.map(({ id }) => id)).toEqual(['s2'])
    store.choose(['s1', 's2', 's1'])
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(asked).toEqual([['s1', 's2']])
    expect(store.result?.runs).toHaveLength(2)
    expect(JSON.parse(sessionStorage.getItem('bitbench.compare')!)).toEqual(['s1', 's2'])
  })

  it('offers every kind at first and drops runs that are gone', async () => {
    sessionStorage.setItem('bitbench.compare', '["gone","s1"]')
    const store = useComparison()
    expect(store.ids).toEqual(['gone', 's1'])
    await store.load.run()
    expect(store.ids).toEqual(['s1'])
    store.choose([])
    expect(store.offered.map(({ id }) => id)).toEqual(['s1', 's2', 'p1', 'l1', 'board:b1', 'board:b2'])
  })

  it('offers boards that something was measured on, to be compared with boards alone', async () => {
    const store = useComparison()
    await store.load.run()
    const [board] = store.offered.filter(({ kind }) => kind === 'board')
    expect(board).toMatchObject({ title: 'Board b1', detail: '1.23 k Samples', startedAtMs: 9, board: 'b1' })
    store.choose([board!.id])
    expect(store.offered.map(({ id }) => id)).toEqual(['board:b2'])
    store.choose(['board:b1', 'board:b2'])
    expect(asked.at(-1)).toEqual(['board:b1', 'board:b2'])
  })

  it('begins empty when what was kept is damaged', () => {
    sessionStorage.setItem('bitbench.compare', '{')
    expect(useComparison().ids).toEqual([])
  })
})

describe('figures of a comparison', () => {
  const figure = { name: 'f', unit: 'share', values: [0.9, 0.85] }

  it('are shown in their unit with difference and interval', () => {
    const difference = {
      ...figure,
      how: 'difference' as const,
      against: [null, { value: -0.05, low: -0.08, high: -0.02 }]
    }
    expect(figureText(0.85, 'share')).toBe('85.00 %')
    expect(figureText(2048, 'bytes')).toBe('2 KiB')
    expect(figureText(null, 'J')).toBe('–')
    expect(figureText(0.0031416, 'J per sample')).toBe('0.00314')
    expect(figureText(0, 'J per sample')).toBe('0')
    expect(againstText(difference, 1)).toBe('-5 [-8, -2] points')
    expect(againstText(difference, 0)).toBeNull()
    expect([isClear(difference, 0), isClear(difference, 1)]).toEqual([false, true])
    const once = { ...difference, against: [null, { value: 0.05, low: null, high: null }] }
    expect([againstText(once, 1), isClear(once, 1)]).toEqual(['+5 points', false])
    expect(againstText({ ...once, how: 'ratio' }, 1)).toBe('× 0.0500')
    const ratio = { ...difference, how: 'ratio' as const, against: [null, { value: 2, low: 0.9, high: 4.4 }] }
    expect(againstText(ratio, 1)).toBe('× 2.00 [0.900, 4.40]')
    expect(isClear(ratio, 1)).toBe(false)
    // What lies beside 1 is told from it.
    const near = { ...ratio, against: [null, { value: 0.99978, low: 0.99959, high: 0.99997 }] }
    expect(againstText(near, 1)).toBe('× 0.999780 [0.999590, 0.999970]')
    expect(againstText({ ...ratio, against: [null, { value: 1, low: 1, high: 1 }] }, 1)).toBe(
      '× 1.00 [1.00, 1.00]'
    )
  })

  it('draws a chart per name with a line per run, without gaps', () => {
    const charts = comparisonCharts({
      curves: [
        { run: 0, name: 'best so far', x: [1, 2], y: [null, 0.1] },
        { run: 1, name: 'best so far', x: [1], y: [0.2] },
        { run: 0, name: 'front', x: [0.5], y: [0.1] }
      ]
    })
    expect(
      charts.map(({ name, curves }) => [name, curves.map((curve) => [curve.name, curve.points])])
    ).toEqual([
      [
        'best so far',
        [
          ['A', [{ x: 2, y: 0.1 }]],
          ['B', [{ x: 1, y: 0.2 }]]
        ]
      ],
      ['front', [['A', [{ x: 0.5, y: 0.1 }]]]]
    ])
  })
})
