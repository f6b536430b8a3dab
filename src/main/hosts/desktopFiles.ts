import { existsSync } from 'node:fs'
import path from 'node:path'

/**
 * Files among the arguments the desktop started the program with: what begins with a dash is an option of Chromium or
 * Electron, and a packed program's first argument is the program, an unpacked one's first two the program and its folder.
 */
export function filesOfArguments(
  argv: readonly string[],
  folder: string,
  isPackaged: boolean,
  isThere: (file: string) => boolean = existsSync
): string[] {
  return argv
    .slice(isPackaged ? 1 : 2)
    .filter((word) => word !== '' && !word.startsWith('-'))
    .map((word) => path.resolve(folder, word))
    .filter(isThere)
}
