import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../..')

/** Declarations at the start of a line; re-exports (`export { … } from`, `export * from`) declare nothing. */
const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) +([\w$]+)/gm

/** Names that two or more of the files declare and export, with those files. Overloads in one file count once. */
function declaredTwice(files: ReadonlyMap<string, string>): Record<string, string[]> {
  const places = new Map<string, Set<string>>()
  for (const [file, text] of files) {
    for (const [, name = ''] of text.matchAll(declaration)) {
      places.set(name, (places.get(name) ?? new Set()).add(file))
    }
  }
  return Object.fromEntries(
    [...places].filter(([, found]) => found.size > 1).map(([name, found]) => [name, [...found].sort()])
  )
}

describe('exported names of src (docs/adr/0003)', () => {
  it('are declared in one file each', () => {
    const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    const files = names.filter((file) => /\.(?:ts|vue)$/.test(file))
    expect(files.length).toBeGreaterThan(800)
    const texts = files.map((file) => [file, readFileSync(path.join(root, 'src', file), 'utf8')] as const)
    expect(declaredTwice(new Map(texts))).toEqual({})
  })

  it('would be found in a second file, whatever is declared', () => {
    const files = new Map([
      ['a.ts', 'export interface Plan {}\nexport const plan = 1\nexport async function load(): void {}\n'],
      ['b.ts', 'export type Plan = number\nexport { plan } from "./a"\nconst load = 2\n'],
      ['c.ts', 'export function* plan() {}\nexport abstract class Once {}\nexport function over(): void\n'],
      ['d.ts', 'export * from "./c"\nexport function load(a: 1): void\nexport function load(a: 2): void\n']
    ])
    expect(declaredTwice(files)).toEqual({
      Plan: ['a.ts', 'b.ts'],
      load: ['a.ts', 'd.ts'],
      plan: ['a.ts', 'c.ts']
    })
  })
})
