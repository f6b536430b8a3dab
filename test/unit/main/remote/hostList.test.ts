import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHostList } from '@main/remote/hostList'
import type { GpuHost } from '@shared/contract/remote'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-hosts-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const host = (name: string, address = name): GpuHost => ({
  ...{ name, prefix: ['ssh', address], bitbench: ['bitbench'] },
  ...{ folder: null, sharedFolder: null, shells: null }
})

describe('the list of GPU hosts', () => {
  it('keeps every host of changes at the same time, by name', async () => {
    const list = createHostList(folder)
    expect(await list.all()).toEqual([])
    await Promise.all([list.save(host('c')), list.save(host('a')), list.save(host('b'))])
    await list.save(host('a', 'other'))
    expect(await createHostList(folder).all()).toEqual([host('a', 'other'), host('b'), host('c')])
    await Promise.all([list.remove('c'), list.remove('a')])
    expect(await list.all()).toEqual([host('b')])
    await expect(list.find('a')).rejects.toMatchObject({ code: 'input.notFound', hint: 'There are: b.' })
    await expect(list.remove('a')).rejects.toMatchObject({ code: 'input.notFound' })
  })

  it('is not replaced where its file cannot be read', async () => {
    const file = path.join(folder, 'gpuHosts.json')
    const list = createHostList(folder)
    for (const text of ['[{"name":', '{}']) {
      writeFileSync(file, text)
      await expect(list.save(host('a'))).rejects.toMatchObject({ code: 'input.invalid' })
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
    // One that is there and cannot be opened as a file.
    rmSync(file)
    mkdirSync(file)
    await expect(list.all()).rejects.toMatchObject({ code: 'input.invalid' })
  })
})
