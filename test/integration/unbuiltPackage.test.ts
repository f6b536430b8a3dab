import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** What `npm pack` makes of the checkout: the folder bin, without sources and built files. */
describe('a package without built files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bitbench unbuilt '))
    cpSync('bin', path.join(folder, 'bin'), { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const run = (file: string) =>
    spawnSync(process.execPath, [path.join(folder, 'bin', file)], { encoding: 'utf8' })

  it('is all that npm pack takes along', () => {
    const { files, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      files: string[]
      scripts: Record<string, string>
    }
    expect(files).toEqual(['bin'])
    expect(scripts['preinstall']).toBe('node bin/refuseUnbuilt.mjs')
  })

  it.each(['refuseUnbuilt.mjs', 'bitbench.mjs'])('refuses with the remedy: %s', (file) => {
    const { status, stderr, stdout } = run(file)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('`npm run package` makes one that installs anywhere')
  })

  it('does not refuse in a checkout', () => {
    mkdirSync(path.join(folder, 'src'))
    expect(run('refuseUnbuilt.mjs')).toMatchObject({ status: 0, stderr: '' })
  })
})
