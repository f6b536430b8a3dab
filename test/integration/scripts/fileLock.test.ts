import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { withFileLock } from '../../../scripts/fileLock.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const lock = path.join(folder, 'lock')

it('lets one at a time work, in turn', async () => {
  let inside = 0
  let most = 0
  let waits = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    expect(readFileSync(lock, 'utf8')).toBe(String(process.pid))
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside -= 1
  }
  const options = { pollMs: 5, onWait: () => (waits += 1) }
  await Promise.all([1, 2, 3].map(() => withFileLock(lock, work, options)))
  expect({ most, waits }).toEqual({ most: 1, waits: 2 })
  expect(readdirSync(folder)).toEqual([])
})

it('is released when the work fails', async () => {
  const failing = withFileLock(lock, async () => {
    throw new Error('no room')
  })
  await expect(failing).rejects.toThrow('no room')
  expect(existsSync(lock)).toBe(false)
})

it('takes over the lock of a process that ended', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  writeFileSync(lock, String(pid))
  expect(await withFileLock(lock, async () => 'done', { pollMs: 5 })).toBe('done')
  expect(existsSync(lock)).toBe(false)
})
