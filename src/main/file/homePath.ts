import { homedir } from 'node:os'
import path from 'node:path'

/**
 * A path as a person types it: `~` and `~/…` stand for the home folder, a `file://` address for its path.
 * Everything else stays as it is, `~name` too: homes of other users are not looked up, and an address that
 * names another machine, whose file is not the one of the same path here.
 */
export function hostPath(text: string, home: string = homedir()): string {
  if (text === '~') return home
  if (/^~[\\/]/.test(text)) return path.join(home, text.slice(2))
  if (/^file:\/\//i.test(text)) return pathOfAddress(text)
  return text
}

function pathOfAddress(address: string): string {
  try {
    // The host "localhost" is dropped by URL itself.
    const { hostname, pathname } = new URL(address)
    if (hostname !== '') return address
    const plain = decodeURIComponent(pathname)
    // file:///C:/x has the path /C:/x.
    return /^\/[A-Za-z]:/.test(plain) ? plain.slice(1) : plain
  } catch {
    return address
  }
}
