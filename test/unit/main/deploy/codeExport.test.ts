import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeFiles } from '@main/deploy/codeExport'

const root = mkdtempSync(path.join(tmpdir(), 'bitbench code '))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The third file needs a folder where the second is a file. */
const impossible = [
  { path: 'kernels/a.c', text: 'int a;' },
  { path: 'main.c', text: 'int main;' },
  { path: 'main.c/b.c', text: 'int b;' }
]

describe('exported C', () => {
  it('is written below a folder that is made for it', async () => {
    const folder = path.join(root, 'new', 'code')
    await writeFiles(folder, impossible.slice(0, 2))
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'kernels',
      path.join('kernels', 'a.c'),
      'main.c'
    ])
    expect(readFileSync(path.join(folder, 'main.c'), 'utf8')).toBe('int main;')
  })

  it('leaves nothing when a file of it cannot be written', async () => {
    const made = path.join(root, 'made')
    await expect(writeFiles(path.join(made, 'code'), impossible)).rejects.toMatchObject({
      code: 'store.exportFailed',
      message: expect.stringContaining(path.join('main.c', 'b.c')) as string
    })
    expect(existsSync(made)).toBe(false)
    // A folder of the user's stays, empty as it was.
    const own = path.join(root, 'own')
    mkdirSync(own)
    await expect(writeFiles(own, impossible)).rejects.toMatchObject({ code: 'store.exportFailed' })
    expect(readdirSync(own)).toEqual([])
  })
})
