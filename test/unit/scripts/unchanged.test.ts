import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { changedSince, keepPassed, readPassed, stampsOf } from '../../../scripts/unchanged.mjs'

const root = mkdtempSync(path.join(tmpdir(), 'bitbench unchanged '))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
  writeFileSync(path.join(root, name), text)
}

describe('files since a check passed', () => {
  it('are those that are new, of another size or time, or gone', () => {
    for (const name of ['a.ts', 'src/b.ts', 'src/deep/c.vue', 'd.ts']) write(name, 'x')
    const before = stampsOf(root)
    expect(Object.keys(before).sort()).toEqual(['a.ts', 'd.ts', 'src/b.ts', 'src/deep/c.vue'])
    expect(changedSince(before, stampsOf(root))).toEqual([])
    write('a.ts', 'xy')
    utimesSync(path.join(root, 'src/b.ts'), 1, 1)
    rmSync(path.join(root, 'd.ts'))
    write('src/e.ts', '')
    expect(changedSince(before, stampsOf(root)).sort()).toEqual(['a.ts', 'd.ts', 'src/b.ts', 'src/e.ts'])
  })

  it('leave out what is installed or built', () => {
    for (const folder of ['node_modules', 'build', 'src/out', '.git']) write(`${folder}/x.ts`, '')
    expect(Object.keys(stampsOf(root)).filter((name) => name.endsWith('x.ts'))).toEqual([])
  })

  it('are all of them where another version checks, where it failed, or where nothing readable was kept', () => {
    const file = path.join(root, 'build/kept.json')
    const stamps = stampsOf(root)
    const { length } = Object.keys(stamps)
    const changed = (key: string): number => changedSince(readPassed(file, key), stamps).length
    expect(changed('1')).toBe(length)
    keepPassed(file, '1', stamps)
    expect([changed('1'), changed('2')]).toEqual([0, length])
    keepPassed(file, '1', null)
    expect(changed('1')).toBe(length)
    write('build/kept.json', '{"key":')
    expect(changed('1')).toBe(length)
  })
})
