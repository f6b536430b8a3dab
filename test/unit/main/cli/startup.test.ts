import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

/** What a source file loads when it is loaded: imports of values that stand at its top, not `import()` and not types. */
function loadedBy(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^import (?!type\b)[^'"]*['"]([^'"]+)['"]|^\} from ['"]([^'"]+)['"]/gm)].map(
    ([, whole, ending]) => (whole ?? ending)!
  )
}

const sourceOf = (name: string): string => (existsSync(`${name}.ts`) ? `${name}.ts` : `${name}/index.ts`)

function reached(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const name of loadedBy(file)) {
      if (name.startsWith('.')) visit(sourceOf(path.join(path.dirname(file), name)))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit(entry)
  return { files, packages }
}

describe('the command line', () => {
  it('loads neither services nor packages before a verb needs them', () => {
    const { files, packages } = reached('src/main/cli.ts')
    expect([...packages]).toEqual([])
    expect([...files]).not.toContain('src/main/compose.ts')
    expect([...files].filter((file) => file.startsWith('src/main/cli/')).sort()).toEqual(
      ['findVerb', 'framework/framework', 'framework/nearest', 'framework/orderlyStop', 'help', 'nouns'].map(
        (name) => `src/main/cli/${name}.ts`
      )
    )
  })

  it('is seen to load services where it does', () => {
    expect(reached('src/main/webMain.ts').files).toContain('src/main/compose.ts')
    expect(reached('src/main/webMain.ts').packages).toContain('ws')
  })
})
