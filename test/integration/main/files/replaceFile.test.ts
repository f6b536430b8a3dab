import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { replaceFile, writeWholeFile } from '@main/files/replaceFile'
import { openStore } from '@main/store/store'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench replace '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file system of a few MiB; null where this user may mount none. */
function smallDisk(): string | null {
  const at = path.join(folder, 'small')
  mkdirSync(at, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', at], { stdio: 'ignore' })
    return at
  } catch {
    return null
  }
}
const disk = smallDisk()
afterAll(() => {
  if (disk !== null) execFileSync('umount', [disk])
})

describe('a file that is replaced', () => {
  it('appears whole, in a folder that is made for it', async () => {
    const file = path.join(folder, 'new folder', 'out.txt')
    await writeWholeFile(file, 'first')
    await writeWholeFile(file, 'second')
    expect(readFileSync(file, 'utf8')).toBe('second')
    expect(readdirSync(path.dirname(file))).toEqual(['out.txt'])
  })

  it('stays as it was when the new one cannot be finished', async () => {
    const file = path.join(folder, 'kept.txt')
    writeFileSync(file, 'old')
    const failing = replaceFile(file, async (unfinished) => {
      writeFileSync(unfinished, 'half')
      throw new Error('no more')
    })
    await expect(failing).rejects.toMatchObject({ code: 'store.exportFailed' })
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([])
  })

  it('says when its folder cannot be made', async () => {
    writeFileSync(path.join(folder, 'file'), '')
    await expect(writeWholeFile(path.join(folder, 'file', 'below'), 'x')).rejects.toMatchObject({
      code: 'store.exportFailed'
    })
  })

  it.skipIf(disk === null)('survives a full disk, which is named, for text, CSV and Parquet', async () => {
    const store = await openStore({ file: ':memory:', migrations: [] })
    await store.run('CREATE TABLE numbers AS SELECT random() AS value FROM range(600000)')
    for (const name of ['out.csv', 'out.parquet'] as const) {
      const file = path.join(disk!, name)
      writeFileSync(file, 'old')
      const format = name.endsWith('csv') ? 'csv' : 'parquet'
      await expect(store.exportQuery('SELECT value FROM numbers', [], file, format)).rejects.toMatchObject({
        code: 'store.exportFailed',
        message: expect.stringContaining('no space left') as string
      })
      expect(readFileSync(file, 'utf8')).toBe('old')
    }
    await expect(writeWholeFile(path.join(disk!, 'out.txt'), 'x'.repeat(8_000_000))).rejects.toMatchObject({
      code: 'store.exportFailed',
      message: expect.stringContaining('no space left') as string
    })
    expect(readdirSync(disk!).sort()).toEqual(['out.csv', 'out.parquet'])
    await store.close()
  })

  it('is exported on one thread; afterwards, failed or not, there are as many as before', async () => {
    const store = await openStore({ file: ':memory:', migrations: [], threads: 3 })
    const threads = async (): Promise<unknown> =>
      (await store.all("SELECT current_setting('threads')::INTEGER AS threads"))[0]
    const to = (name: string): string => path.join(folder, name)
    const exported = store.exportQuery(
      "SELECT current_setting('threads')::INTEGER AS threads",
      [],
      to('threads.csv'),
      'csv'
    )
    const other = store.exportQuery('SELECT i FROM range(5) t(i)', [], to('other.csv'), 'csv')
    await Promise.all([exported, other])
    expect(readFileSync(to('threads.csv'), 'utf8')).toBe('threads\n1\n')
    expect(readFileSync(to('other.csv'), 'utf8')).toBe('i\n0\n1\n2\n3\n4\n')
    expect(await threads()).toEqual({ threads: 3 })
    await expect(store.exportQuery('SELECT * FROM absent', [], to('none.csv'), 'csv')).rejects.toThrow(
      'absent'
    )
    expect(await threads()).toEqual({ threads: 3 })
    await store.close()
  })
})
