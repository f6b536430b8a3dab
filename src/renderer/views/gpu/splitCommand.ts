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
