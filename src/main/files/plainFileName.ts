/** A text as the name of a file or folder on any system: what is not a letter, digit, dot, dash or underscore becomes "_". */
export function plainFileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '_')
}
