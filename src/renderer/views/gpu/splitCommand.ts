/**
 * A typed command line as an argument array: split at spaces, with single and double quotes around arguments that hold
 * spaces. There is no shell: nothing is expanded.
 */
export function splitCommand(text: string): string[] {
  const parts: string[] = []
  for (const match of text.matchAll(/(?:"([^"]*)"|'([^']*)'|([^\s"']+))+/g)) {
    parts.push(
      match[0].replace(
        /"([^"]*)"|'([^']*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? ''
      )
    )
  }
  return parts
}

/** The line that splitCommand splits into these words; null where no quotes hold one of them together. */
export function joinCommand(words: readonly string[]): string | null {
  const line = words.map(quoted).join(' ')
  const split = splitCommand(line)
  return split.length === words.length && split.every((word, at) => word === words[at]) ? line : null
}

function quoted(word: string): string {
  if (word !== '' && !/[\s"']/.test(word)) return word
  return word.includes('"') ? `'${word}'` : `"${word}"`
}
