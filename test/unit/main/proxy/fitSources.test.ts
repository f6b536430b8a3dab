import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
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
