import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commonOptions, type CliNoun } from '@main/cli/framework/framework'
import { cliEntries } from '@main/cli/nouns'

const root = path.resolve(import.meta.dirname, '../../../..')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/README.md',
  ...pagesOf('docs'),
  ...pagesOf('docs/guide')
]

function pagesOf(folder: string): string[] {
  return readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
}

/** What a page has a user type: lines of code and code within lines; without comments and what runs behind "--". */
function commandsOf(page: string): string[] {
  const text = readFileSync(path.join(root, page), 'utf8')
  const lines = [...text.matchAll(/^(?: {4,})?(?:npx )?bitbench ([a-z][^\n`]*)$/gm)].map(([, line]) => line)
  const inline = [...text.matchAll(/`(?:npx )?bitbench ([a-z][^`]*)`/g)].map(([, line]) => line)
  return [...lines, ...inline]
    .flatMap((line) => line.replace(/\s#.*$/, '').split(/;\s+bitbench /))
    .map((line) => line.replace(/\s--(\s.*)?$/s, '').trim())
}

/** What is wrong with a command; null when its noun, verb and options are there. */
function faultOf(command: string, nouns: ReadonlyMap<string, CliNoun>): string | null {
  const [noun, ...rest] = command.split(/[\s[\]]+/).filter((word) => word !== '')
  if (noun === undefined || noun.startsWith('-')) return null
  const found = nouns.get(noun)
  if (found === undefined) return `no noun ${noun}`
  const named = rest.find((word) => /^[a-z]/.test(word))
  const names = Object.keys(found.verbs)
  const verb = found.verbs[noun] ?? (named === undefined ? undefined : found.verbs[named])
  // A page may speak of all verbs of a noun.
  if (verb === undefined)
    return named === undefined ? null : `${noun} has no verb ${named}: ${names.join(', ')}`
  const options = [...command.matchAll(/(?<=[\s[|])--([a-z][\w-]*)/g)].map(([, name]) => name)
  const unknown = options.filter(
    (name) => !(name in verb.options) && !(name in commonOptions) && name !== 'help'
  )
  return unknown.length === 0 ? null : `no option --${unknown.join(', --')}`
}

it('documents only commands that are there, with options that they take', async () => {
  const nouns = new Map(
    await Promise.all(cliEntries.map(async ({ noun, load }) => [noun, await load()] as const))
  )
  const commands = pages.flatMap((page) => commandsOf(page).map((command) => ({ page, command })))
  expect(commands.length).toBeGreaterThan(150)
  const faults = commands.flatMap(({ page, command }) => {
    const fault = faultOf(command, nouns)
    return fault === null ? [] : [`${page}: bitbench ${command}: ${fault}`]
  })
  expect(faults).toEqual([])
}, 300_000)

it('lists every verb of every noun in the overview', async () => {
  for (const { noun, verbs, load } of cliEntries)
    expect([noun, ...verbs]).toEqual([noun, ...Object.keys((await load()).verbs)])
}, 300_000)

it('notices a noun, a verb and an option that are not there', () => {
  const nouns = new Map([
    ['board', { noun: 'board', verbs: { list: { options: {} } } } as unknown as CliNoun]
  ])
  expect(faultOf('bord list', nouns)).toBe('no noun bord')
  expect(faultOf('board lst', nouns)).toContain('no verb lst')
  expect(faultOf('board list --jsn', nouns)).toBe('no option --jsn')
  expect(faultOf('board list [--json]', nouns)).toBeNull()
})
