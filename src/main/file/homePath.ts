import { homedir } from 'node:os'
import path from 'node:path'

/**
 * A path as a person types it: `~` and `~/…` stand for the home folder, a `file://` address for its path.
 * Everything else stays as it is, `~name` too: homes of other users are not looked up.
 */
export function hostPath(text: string, home: string = homedir()): string {
  if (text === '~') return home
  if (/^~[\\/]/.test(text)) return path.join(home, text.slice(2))
  if (/^file:\/\//i.test(text)) return pathOfAddress(text)
  return text
}

function pathOfAddress(address: string): string {
  try {
    const plain = decodeURIComponent(new URL(address).pathname)
    // file:///C:/x has the path /C:/x.
    return /^\/[A-Za-z]:/.test(plain) ? plain.slice(1) : plain
  } catch {
    return address
  }
}
