// The licences of everything a package carries: what lies beside it in node_modules and what was bundled into its files.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

/**
 * The text of THIRD_PARTY_LICENCES.txt: each package with version, licence and its licence text, in the order of names.
 *
 * @param folders folders of packages, relative to `root`
 * @throws Error for a package that states no licence: such a one may not be shipped
 */
export function licenceList(root, folders) {
  const entries = [...new Set(folders)].map((folder) => licenceOf(path.join(root, folder)))
  const unstated = entries.filter(({ licence }) => licence === undefined).map(({ name }) => name)
  if (unstated.length > 0) throw new Error(`No licence is stated by ${unstated.join(', ')}`)
  const unique = [...new Map(entries.map((entry) => [`${entry.name}@${entry.version}`, entry])).values()]
  unique.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))
  const table = unique.map(({ name, version, licence }) => `${name} ${version}: ${licence}`)
  const texts = unique.map(
    ({ name, version, licence, home, text }) =>
      `${'='.repeat(80)}\n${name} ${version}\nLicence: ${licence}${home === undefined ? '' : `\n${home}`}\n\n${text}`
  )
  return [
    'Bitbench carries the packages below. Each keeps its own licence.',
    '',
    ...table,
    '',
    ...texts
  ].join('\n')
}

/** Name, version, licence and licence text of one package folder. */
function licenceOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const { name, version, license, licenses, homepage } = manifest
  const licence =
    typeof license === 'object' ? license.type : (license ?? licenses?.map(({ type }) => type).join(' or '))
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?:licen[cs]e|copying|notice)/i.test(entry.name))
    .map((entry) => entry.name)
    .sort()
  const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n')
  return {
    name,
    version,
    licence,
    home: homepage,
    text: text === '' ? '(The package carries no licence text.)' : text
  }
}

/**
 * Folders of the packages whose modules stand in the built files, by the lists that electron.vite.config.ts writes.
 *
 * @throws Error when the build wrote no list
 */
export function bundledFolders(outFolder) {
  return ['main', 'renderer'].flatMap((part) => {
    const file = path.join(outFolder, part, 'bundledPackages.json')
    if (!existsSync(file)) throw new Error(`${file} is missing. Build again: node scripts/build.mjs`)
    return JSON.parse(readFileSync(file, 'utf8'))
  })
}
