import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { circles, folderGraph, importGraph } from '../../../scripts/importGraph.mjs'

const root = path.resolve(import.meta.dirname, '../../..')
const made = mkdtempSync(path.join(tmpdir(), 'bitbench-circles-'))
afterAll(() => rmSync(made, { recursive: true, force: true }))

describe('the import graph of src', () => {
  const files = importGraph(root)

  it('has no circle between files', () => {
    expect(files.size).toBeGreaterThan(300)
    expect(circles(files)).toEqual([])
  })

  it('has no circle between the nouns of core and of main', () => {
    expect(folderGraph(files).get('src/core/proxy')).toContain('src/core/kernel')
    expect(circles(folderGraph(files))).toEqual([])
  })
})

describe('circles', () => {
  it('finds the groups that reach each other, and nothing else', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', ['f']],
      ['f', ['e']],
      ['g', ['a']]
    ])
    expect(circles(graph).sort()).toEqual([
      ['a', 'b', 'c'],
      ['e', 'f']
    ])
    expect(circles(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', []]]))).toEqual([]) // prettier-ignore
  })

  it('sees relative, aliased, type, re-exporting and dynamic imports', () => {
    const write = (file: string, text: string): void => {
      mkdirSync(path.join(made, path.dirname(file)), { recursive: true })
      writeFileSync(path.join(made, file), text)
    }
    write('src/core/one/a.ts', "import type { B } from '../two/b'\nimport 'zod'\n")
    write('src/core/two/b.ts', "export { c } from '@core/two/c'\n")
    write('src/core/two/c.ts', "const load = () => import('../one/d')\n")
    write('src/core/one/d.ts', '')
    const files = importGraph(made)
    expect(files.get('src/core/one/a.ts')).toEqual(['src/core/two/b.ts'])
    expect(files.get('src/core/two/b.ts')).toEqual(['src/core/two/c.ts'])
    expect(circles(files)).toEqual([])
    expect(circles(folderGraph(files))).toEqual([['src/core/one', 'src/core/two']])
  })
})
