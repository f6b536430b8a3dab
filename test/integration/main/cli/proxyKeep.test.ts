import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProxySummary } from '@shared/contract/proxy'

const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench keep '))
const bitbench = (...words: string[]) =>
  promisify(execFile)(process.execPath, ['bin/bitbench.mjs', ...words, '--data', folder])
const shapes = [
  'matmul:1x10x84',
  'matmul:1x84x120',
  'matmul:1x32x64',
  'conv2d:12x12x6x8x3x1x0',
  'conv2d:28x28x1x6x5x1x0',
  'conv2d:8x8x4x8x3x1x1',
  'add:256'
]
const board = ['--board', 'virtual:small']
const kept = async (): Promise<ProxySummary[]> =>
  (JSON.parse((await bitbench('proxy', 'kept', '--json')).stdout) as { proxies: ProxySummary[] }).proxies

beforeAll(async () => {
  await bitbench('profile', 'run', ...board, '--shape', shapes.join(','), '--pairs', 'w8a8,w4a4,w2a2')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('bitbench proxy keep', () => {
  it('fits what was measured, so that a search under the latency of the board runs', async () => {
    const { stdout } = await bitbench('proxy', 'keep', ...board, '--json')
    const { kept: fitted, left } = JSON.parse(stdout) as { kept: ProxySummary[]; left: { kernel: string }[] }
    const rows = fitted.map(({ kernel, rows: count, pinned }) => [kernel, count, pinned])
    expect(rows.sort()).toEqual([
      ['conv2d', 9, true],
      ['matmul', 9, true]
    ])
    // One shape of a kernel without weights at three widths of activations at most: too few.
    expect(left.map(({ kernel }) => kernel)).toEqual(['add'])
    const model = ['--model', 'resources/models/lenet5-fashion.onnx']
    const settings = ['--cost', 'proxy', '--budget-ratio', '0.9', '--evaluations', '2', '--keep', '--json']
    const search = await bitbench('search', 'run', ...model, ...settings)
    const { search: found } = JSON.parse(search.stdout) as { search: { costUnit: string; trace: unknown[] } }
    expect([found.costUnit, found.trace.length]).toEqual(['cycles', 2])
  })

  it('takes the place of the proxy that was kept before', async () => {
    await bitbench('proxy', 'keep', ...board, '--kernel', 'matmul')
    const before = await kept()
    await bitbench('proxy', 'keep', ...board, '--kernel', 'matmul', '--seed', '2')
    const after = await kept()
    const pinned = (proxies: ProxySummary[]): number[] =>
      proxies.filter((one) => one.kernel === 'matmul' && one.pinned).map(({ seed }) => seed)
    expect([pinned(before), pinned(after)]).toEqual([[1], [2]])
    expect(after.length).toBe(before.length + 1)
  })

  it.each([
    [['--board', 'virtual:smal'], 'Boards with such samples: virtual:small'],
    [[...board, '--kernel', 'maxPool'], 'Measured there: '],
    [[...board, '--kernel', 'add'], 'at least 3 distinct measurements'],
    [[...board, '--quantity', 'energy'], 'profile run --board virtual:small --meter PORT'],
    [[], 'needs --board'],
    [[...board, '--estimator', 'lines'], 'not "lines"']
  ])('refuses %j with a remedy', async (words, text) => {
    await expect(bitbench('proxy', 'keep', ...words)).rejects.toMatchObject({
      stderr: expect.stringContaining(text) as string
    })
  })
})
