import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from '@main/hosts/pageFiles'

/** Packages that are loaded with a file of the window: what it imports at its top, not what it loads later. */
function packagesOf(entry: string): Set<string> {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, name] of text.matchAll(/^(?:import (?!type\b)[^'"]*|\} from )['"]([^'"]+)['"]/gm)) {
      if (name!.startsWith('.')) {
        const target = path.join(path.dirname(file), name!)
        visit(/\.(vue|css|ts)$/.test(target) ? target : `${target}.ts`)
      } else if (!name!.startsWith('@')) packages.add(name!.split('/')[0]!)
    }
  }
  visit(entry)
  return packages
}

describe('the first page', () => {
  it('loads no charts', () => {
    const packages = packagesOf('src/renderer/main.ts')
    expect(packages).toContain('pinia')
    for (const chart of ['echarts', 'vue-echarts', 'uplot']) expect(packages).not.toContain(chart)
    expect(packagesOf('src/renderer/views/SearchView.vue')).toContain('vue-echarts')
  })

  it('takes styles and scripts from files of ours alone, in both hosts', () => {
    const page = readFileSync('src/renderer/index.html', 'utf8')
    const meta = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)![1]!
    for (const policy of [contentSecurityPolicy, meta]) {
      expect(policy).toMatch(/style-src 'self'(;|$)/)
      expect(policy).toMatch(/script-src 'self'(;|$)/)
      expect(policy).not.toMatch(/unsafe/)
    }
  })
})
