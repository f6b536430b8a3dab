import { commonOptions, type CliNoun, type CliVerb } from './framework/framework'
import type { CliEntry } from './nouns'

/** `bitbench --help`: the nouns and their verbs, from the list alone. */
export function overviewText(entries: readonly CliEntry[]): string {
  const width = Math.max(...entries.map(({ noun }) => noun.length))
  const lines = ['Usage: bitbench <noun> <verb> [options] [--json] [--data FOLDER]', '']
  for (const { noun, summary, verbs } of entries) {
    lines.push(`  ${noun.padEnd(width)}  ${summary}`)
    const others = verbs.filter((verb) => verb !== noun)
    if (others.length > 0) lines.push(`  ${' '.repeat(width)}  verbs: ${others.join(', ')}`)
  }
  lines.push(
    '',
    'bitbench <noun> --help         what the verbs of a noun do',
    'bitbench <noun> <verb> --help  the options of a verb',
    'bitbench --version             the version of this copy'
  )
  return lines.join('\n')
}

/** `bitbench board --help`: the verbs of a noun with their usage. */
export function nounText(noun: CliNoun, entry: CliEntry): string {
  const lines = [`bitbench ${noun.noun}: ${entry.summary}`, '']
  for (const [name, verb] of Object.entries(noun.verbs))
    lines.push(`  bitbench ${noun.noun} ${name} ${verb.usage}`.trimEnd(), `      ${verb.summary}`)
  lines.push('', `bitbench ${noun.noun} <verb> --help shows the options of a verb.`)
  return lines.join('\n')
}

/** `bitbench board list --help`: a verb with all its options. */
export function verbText(title: string, verb: CliVerb): string {
  const options = Object.entries({ ...verb.options, ...commonOptions }).map(([name, option]) => {
    const value = option.type === 'string' ? ` ${option.valueName ?? 'VALUE'}` : ''
    const fallback = option.default === undefined ? '' : ` (default ${String(option.default)})`
    return `  --${name}${value}\n      ${option.help}${fallback}`
  })
  const notes = verb.notes === undefined ? [] : ['', ...verb.notes]
  return [
    `Usage: bitbench ${title} ${verb.usage}`.trimEnd(),
    '',
    verb.summary,
    '',
    ...options,
    ...notes
  ].join('\n')
}
