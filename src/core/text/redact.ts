/** What must not leave a machine in a report. */
export interface Secrets {
  /** Home folder, data folder and the like. */
  readonly folders: readonly string[]
  /** Names of the user and of the machine. */
  readonly names: readonly string[]
  /** Access tokens in use. */
  readonly tokens: readonly string[]
}

/**
 * Text without tokens, paths, and names of user and machine, for a report that is pasted in public. Rather too much is
 * taken out than too little: every absolute path and every long run of code letters is replaced, known or not.
 */
export function redact(text: string, secrets: Secrets): string {
  let clean = text
  for (const token of longestFirst(secrets.tokens)) clean = clean.replaceAll(token, '<token>')
  clean = clean
    .replaceAll(/(token=|Bearer\s+|bitbench\.)[\w.~+/-]{8,}=*/gi, '$1<token>')
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1<user>@')
  // What stands in quotes may hold spaces; the rest of a path ends at one.
  clean = clean
    .replaceAll(/(["'`])(?:file:\/\/)?(?:~|[A-Za-z]:)?[\\/][^"'`\n]*\1/gi, '$1<path>$1')
    .replaceAll(/file:\/\/[^\s"'`)]+/gi, '<path>')
  for (const folder of longestFirst(secrets.folders)) clean = withoutFolder(clean, folder)
  clean = clean
    .replaceAll(/(?<![\w>.:/])(?:~|[A-Za-z]:|\\\\[\w.-]+)?[\\/][\w.@~-][^\s"'`,;)\]}]*/g, '<path>')
    // A name with a space has cut a path short: its end still holds a slash.
    .replaceAll(/<path>(?: [^\s"'`/\\]+){0,2} [^\s"'`]*[\\/][^\s"'`]*/g, '<path>')
  for (const name of longestFirst(secrets.names)) clean = withoutName(clean, name)
  return clean.replaceAll(/(?<![\w-])[A-Za-z0-9_-]{32,}(?![\w-])/g, '<code>')
}

const longestFirst = (texts: readonly string[]): string[] =>
  [...new Set(texts)].filter((text) => text.length > 1).sort((a, b) => b.length - a.length)

/** A folder with what is below it. */
const withoutFolder = (text: string, folder: string): string =>
  text.replaceAll(new RegExp(`${escaped(folder)}(?:[\\\\/][^\\s"'\`,;)\\]}]*)?`, 'gi'), '<path>')

/** A name as a whole word, whatever its case. */
const withoutName = (text: string, name: string): string =>
  text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, 'giu'), '<name>')

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
