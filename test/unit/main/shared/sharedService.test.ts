import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSharedService, type SharedServiceDeps } from '@main/shared/sharedService'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'bitbench-service-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('service of the shared folder', () => {
  it('ends with its program while a drive hangs', async () => {
    const folder = path.join(root, 'folder')
    mkdirSync(folder)
    let hangs!: () => void
    const hung = new Promise<void>((resolve) => (hangs = resolve))
    const deps: Partial<SharedServiceDeps> = {
      ...{ dataFolder: root, hostName: 'desk', version: '1', closeWaitMs: 20, nowMs: () => 0 },
      emit: () => undefined,
      origin: async () => '0123456789abcdef',
      arithmetic: async () => 'x64-plain',
      shared: {
        runs: () => {
          hangs()
          return new Promise(() => undefined)
        }
      } as unknown as SharedServiceDeps['shared']
    }
    const service = createSharedService(deps as SharedServiceDeps)
    const context = { signal: new AbortController().signal }
    await service.handlers['shared.use']({ folder, name: null, reuse: true, install: false }, context)
    void service.handlers['shared.withdraw']({ runIds: ['a'] }, context)
    await hung
    await expect(service.close()).resolves.toBeUndefined()
  })
})
