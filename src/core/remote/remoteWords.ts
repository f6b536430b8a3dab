/** Programs that join the words behind the host with spaces and give the result to a shell there. */
const shellPrograms: ReadonlySet<string> = new Set(['ssh', 'ssh.exe', 'autossh'])

/**
 * How many shells split the command line that is put behind a prefix: one for every word that names ssh. `srun` and `env`
 * start programs without a shell.
 */
export const shellsOf = (prefix: readonly string[]): number =>
  prefix.filter((word) => shellPrograms.has(word.split(/[/\\]/).at(-1) ?? '')).length

/**
 * A prefix with a command behind it, so that the far program gets exactly these words.
 * @param shells shells that split the words of the command, 0 and more
 */
export function remoteWords(prefix: readonly string[], words: readonly string[], shells: number): string[] {
  let quoted = [...words]
  for (let level = 0; level < shells; level++) quoted = quoted.map(quotedForShell)
  return [...prefix, ...quoted]
}

/** A word as a POSIX shell reads it back unchanged. Plain words stay as they are; the empty one becomes ''. */
export function quotedForShell(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}
