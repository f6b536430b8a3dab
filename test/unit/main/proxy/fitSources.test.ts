import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSampleSources } from '@main/proxy/fitSources'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-decimal-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('reads a file for a fit with the decimal mark it was imported with, and keeps one set of it', async () => {
  const csv = path.join(folder, 'mul.csv')
  const rows = [1, 2, 3].map((n) => `${n * 8};8;8;8;8;${n}.234`)
  writeFileSync(csv, ['N;M;K;QA;QW;Time_us', ...rows].join('\n'))
  const sources = createSampleSources({
    list: async () => [],
    load: () => Promise.reject(new Error('no board'))
  })
  const times = async (decimal: '.' | ','): Promise<number[]> => {
    const { set } = await sources.importFiles([csv], 'matmul', decimal)
    return [...(await sources.load(set.source, 'matmul')).time]
  }
  expect(await times('.')).toEqual([1.234, 2.234, 3.234])
  expect(await times(',')).toEqual([1234, 2234, 3234])
  expect(await sources.sets()).toHaveLength(1)
})

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
