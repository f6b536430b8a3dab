import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { windowHint } from '@renderer/components/notices/windowHint'

const folders = ['main/model', 'main/dataset', 'core/dataset'].map((one) =>
  path.resolve(import.meta.dirname, '../../../../../src', one)
)
/** Texts in quotes that name an option of the command line; templates with a stand-in for every part. */
function textsWithOptions(): string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => path.join(entry.parentPath, entry.name))
  )
  const quoted = /'([^'\n]*--[a-z][^'\n]*)'|`([^`\n]*--[a-z][^`\n]*)`/g
  return files
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(quoted)])
    .map((match) => (match[1] ?? match[2]).replaceAll(/\$\{[^}]*\}/g, '32'))
}

it('puts what networks and data sets ask for into the words of the window', () => {
  expect(windowHint('Add the set again with --size 28x28 --grey.')).toBe(
    'Add the set again with 28 x 28 as “Height x width” and grey as “Colours”.'
  )
  expect(
    windowHint(
      'If the labels do not show every class, add the set again with --classes N. Without fitting labels, --task unlabelled compares with the float network.'
    )
  ).toBe(
    'If the labels do not show every class, add the set again with all of them in “Classes in the network’s order”. Without fitting labels, the task “unlabelled” compares with the float network.'
  )
  expect(windowHint('Use --method ptq.')).toBe('Choose “calibrated only”.')
})

it('leaves no option of the command line in what models and data sets say, unless it names the command', () => {
  const texts = textsWithOptions()
  expect(texts.length).toBeGreaterThan(8)
  const left = texts
    .map(windowHint)
    .filter((text) => text.includes('--') && !text.includes('bitbench dataset add'))
  // A note of the command line alone.
  expect(left).toEqual(['as exported: 32 (--scheme exported)'])
})
