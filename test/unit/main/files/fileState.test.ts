import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fileState } from '@main/files/fileState'

describe('the state of a file', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  it('is the same until the file is another, and none where there is no file', async () => {
    const first = await fileState(import.meta.filename)
    expect(first).toMatch(/^\d+:\d+:\d+$/)
    expect(await fileState(import.meta.filename)).toBe(first)
    expect(await fileState(import.meta.dirname)).not.toBe(first)
    expect(await fileState(`${import.meta.filename}.none`)).toBeNull()
  })

  it('is none where the file system does not reply', async () => {
    vi.useFakeTimers()
    vi.spyOn(promises, 'stat').mockReturnValue(new Promise(() => undefined))
    syncBuiltinESMExports()
    const state = fileState(import.meta.filename)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await state).toBeNull()
  })
})
