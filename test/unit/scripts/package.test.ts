import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageOfModule } from '../../../scripts/bundledPackages.mjs'
import { slimManifest } from '../../../scripts/package/copyPackage.mjs'
import { licenceList } from '../../../scripts/package/licences.mjs'
import { productionTree } from '../../../scripts/package/productionTree.mjs'
import { publishedManifest } from '../../../scripts/package/stage.mjs'

let root: string
beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'bitbench-package-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function writeLock(packages: Record<string, object>, installed: readonly string[]): void {
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages }))
  for (const folder of installed) mkdirSync(path.join(root, folder), { recursive: true })
}

describe('productionTree', () => {
  it('follows dependencies, prefers nested versions, leaves out other platforms and development tools', () => {
    writeLock(
      {
        '': { dependencies: { a: '1' }, devDependencies: { tool: '1' } },
        'node_modules/a': {
          dependencies: { b: '2' },
          optionalDependencies: { 'a-win32': '1', 'a-linux': '1' }
        },
        'node_modules/a/node_modules/b': { version: '2', dependencies: { c: '1' } },
        'node_modules/a-linux': {},
        'node_modules/a-win32': {},
        'node_modules/b': { version: '1' },
        'node_modules/c': { dependencies: { a: '1' } },
        'node_modules/tool': { dev: true }
      },
      [
        'node_modules/a/node_modules/b',
        'node_modules/a-linux',
        'node_modules/b',
        'node_modules/c',
        'node_modules/tool'
      ]
    )
    expect(productionTree(root)).toEqual([
      'node_modules/a',
      'node_modules/a-linux',
      'node_modules/a/node_modules/b',
      'node_modules/c'
    ])
  })

  it('refuses a required package that is not installed', () => {
    writeLock({ '': { dependencies: { a: '1' } }, 'node_modules/a': {} }, [])
    expect(() => productionTree(root)).toThrow(/a, which package.json needs, is not installed/)
  })
})

describe('what is published', () => {
  it('keeps of a dependency only what travels with it, and none of its scripts', () => {
    const manifest = {
      name: 'ort',
      version: '1.0.0',
      main: 'index.js',
      files: ['dist'],
      scripts: { postinstall: 'node fetch.js' },
      dependencies: { common: '1', 'fetch-only': '1' },
      optionalDependencies: { 'ort-win32': '1' }
    }
    expect(JSON.parse(JSON.stringify(slimManifest(manifest, new Set(['common']))))).toEqual({
      name: 'ort',
      version: '1.0.0',
      main: 'index.js',
      dependencies: { common: '1' },
      optionalDependencies: {}
    })
  })

  it('names the platform of its binaries and bundles the top level', () => {
    const source = {
      name: 'bitbench',
      version: '1.2.3',
      private: true,
      scripts: { test: 'x' },
      dependencies: { a: '1' }
    }
    const manifest = publishedManifest(source, {
      platform: 'linux',
      arch: 'x64',
      folders: ['node_modules/@scope/b', 'node_modules/a', 'node_modules/a/node_modules/c']
    })
    expect(manifest).toMatchObject({ os: ['linux'], cpu: ['x64'], bundleDependencies: ['@scope/b', 'a'] })
    expect(manifest).not.toHaveProperty('scripts')
    expect(manifest).not.toHaveProperty('private')
  })
})

describe('licences', () => {
  const write = (folder: string, manifest: object, files: Record<string, string> = {}): void => {
    mkdirSync(path.join(root, folder), { recursive: true })
    writeFileSync(path.join(root, folder, 'package.json'), JSON.stringify(manifest))
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, folder, name), text)
  }

  it('lists name, version and licence with its text, in order, each once', () => {
    write('b', { name: 'b', version: '2.0.0', license: 'MIT' }, { LICENSE: 'text of b' })
    write('a', { name: 'a', version: '1.0.0', license: { type: 'ISC' } }, { 'NOTICE.md': 'notice of a' })
    const list = licenceList(root, ['b', 'a', 'b'])
    expect(list).toContain('\na 1.0.0: ISC\nb 2.0.0: MIT\n')
    expect(list.match(/text of b/g)).toHaveLength(1)
    expect(list.indexOf('notice of a')).toBeLessThan(list.indexOf('text of b'))
  })

  it('refuses a package that states none', () => {
    write('a', { name: 'a', version: '1.0.0' })
    expect(() => licenceList(root, ['a'])).toThrow(/No licence is stated by a/)
  })

  it('finds the package of a bundled module, scoped and nested ones too', () => {
    expect(packageOfModule('/r', '/r/node_modules/vue/dist/vue.js')).toBe('node_modules/vue')
    expect(packageOfModule('/r', '\0/r/node_modules/@vue/shared/a.js?commonjs')).toBe(
      'node_modules/@vue/shared'
    )
    expect(packageOfModule('/r', '/r/node_modules/a/node_modules/b/c.js')).toBe(
      'node_modules/a/node_modules/b'
    )
    expect(packageOfModule('/r', '/r/src/main/cli.ts')).toBeUndefined()
  })
})
