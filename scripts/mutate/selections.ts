import { existsSync } from 'node:fs'
import path from 'node:path'

/**
 * Arguments of vitest that select the tests of a module, the nearest first, each to run for itself: quick ones in test/unit, long ones
 * in test/integration.
 * @param near leaves out test files that merely import the module
 */
export function selectionsOf(file: string, near: boolean, exists = existsSync): string[][] {
  const named = ['test/unit', 'test/integration']
    .map((tests) => file.replace(/^src/, tests).replace(/\.ts$/, '.test.ts'))
    .filter((test) => exists(test))
  const related = [
    'related',
    file,
    '--run',
    '--exclude',
    'test/{e2e,contract}/**',
    '--exclude',
    'test/integration/*.ts'
  ]
  const folder = mirrored(file, exists)
  const long = folder?.replace('test/unit', 'test/integration')
  // Each by itself: where long tests take longer than a run may, the quick ones would be left out with them. A whole layer always does.
  const folders = [folder, long !== undefined && long.split('/').length > 3 && exists(long) ? long : null]
  const selections = [...named, ...folders.flatMap((one) => (one == null ? [] : [`${one}/`]))]
  return [...selections.map((one) => ['run', one]), ...(near ? [] : [related])]
}

/** The folder of a module's tests below test/unit, or the nearest above it that exists; null where that is test/unit itself. */
function mirrored(file: string, exists: (path: string) => boolean): string | null {
  let folder = path.posix.dirname(file.replace(/^src/, 'test/unit'))
  while (folder.split('/').length > 2) {
    if (exists(folder)) return folder
    folder = path.posix.dirname(folder)
  }
  return null
}
