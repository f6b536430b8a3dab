import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const replaces = /\bvi\.(?:mock|doMock|resetModules)\(/

/** Test files below a folder that replace a module, as paths that begin with it: files that share their worker's modules would get the replacement too. */
export function mockedTests(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join(folder, file))
    .filter((file) => replaces.test(readFileSync(file, 'utf8')))
}
