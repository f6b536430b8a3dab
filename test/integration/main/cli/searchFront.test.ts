import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Search } from '@shared/contract/search'

const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench front '))
const bitbench = (...words: string[]) =>
  promisify(execFile)(process.execPath, ['bin/bitbench.mjs', ...words, '--data', folder])
const cost = ['--model', 'resources/models/lenet5-fashion.onnx', '--cost', 'size', '--budget-ratio', '0.6']
let search: Search

beforeAll(async () => {
  const { stdout } = await bitbench('search', 'run', ...cost, '--evaluations', '6', '--keep', '--json')
  search = (JSON.parse(stdout) as { search: Search }).search
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Weights of LeNet-5 by layer, whose packed bytes are the size of a scheme with 32-bit biases. */
const weights = [150, 2400, 48000, 10080, 840]
const biases = 6 + 16 + 120 + 84 + 10

describe('bitbench search front', () => {
  it('prints the schemes that none beats, with costs that the search counted', async () => {
    const { stdout } = await bitbench('search', 'front', search.id, '--over', 'loss,size', '--json')
    const { front } = JSON.parse(stdout) as {
      front: { index: number; measures: { value: number; unit: string | null }[] }[]
    }
    const isBeaten = (at: number): boolean =>
      search.trace.some(
        (other) =>
          other.loss <= search.trace[at]!.loss &&
          other.cost <= search.trace[at]!.cost &&
          (other.loss < search.trace[at]!.loss || other.cost < search.trace[at]!.cost)
      )
    const expected = search.trace.filter(({ index }) => !isBeaten(index)).map(({ index }) => index)
    expect(front.map(({ index }) => index).sort((a, b) => a - b)).toEqual(expected)
    const losses = front.map(({ measures }) => measures[0]!.value)
    expect(losses).toEqual([...losses].sort((a, b) => a - b))
    for (const { index, measures } of front) {
      const bits = search.trace[index]!.scheme.map(({ weightBits }) => weightBits)
      const bytes = weights.reduce((sum, count, layer) => sum + (count * bits[layer]!) / 8, 4 * biases)
      expect(Math.abs(measures[1]!.value / bytes - 1)).toBeLessThan(0.02)
      expect(measures[1]!.unit).toBe('bytes')
    }
  })

  it('computes costs that the search did not count, of three measures at most', async () => {
    const { stdout } = await bitbench('search', 'front', search.id, '--over', 'accuracy,bops,bitfusion')
    expect(stdout).toMatch(/^\d of 6 schemes on the front of accuracy, bops, bitfusion/)
    expect(stdout).toMatch(/ k cycles/)
    for (const [over, text] of [
      ['loss', 'two or three different measures'],
      ['loss,loss', 'two or three different measures'],
      ['loss,size,ram,bops', 'two or three different measures'],
      ['loss,cycles', 'not "cycles"']
    ] as const) {
      const wrong = bitbench('search', 'front', search.id, '--over', over)
      await expect(wrong).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(text) as string })
    }
    await expect(bitbench('search', 'front')).rejects.toMatchObject({ code: 2 })
  })

  it('says that there is none where no scheme was within the budget', async () => {
    const tight = ['--model', cost[1]!, '--cost', 'bitfusion', '--budget-ratio', '0.6', '--keep', '--json']
    const { stdout } = await bitbench('search', 'run', ...tight)
    const { id, trace } = (JSON.parse(stdout) as { search: Search }).search
    expect(trace).toEqual([])
    const front = await bitbench('search', 'front', id)
    expect(front.stdout).toBe('The search evaluated no scheme, so there is no front.\n')
  })
})
