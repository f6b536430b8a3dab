import { spawn, type ChildProcess } from 'node:child_process'

/** Program and arguments that open an address in the user's browser on each platform. */
export function browserCommand(address: string, platform: NodeJS.Platform = process.platform): string[] {
  if (platform === 'darwin') return ['open', address]
  // rundll32 takes the address as it is; `start` would pass it through a shell.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', address]
  return ['xdg-open', address]
}

/**
 * Opens an address in the user's browser and does not wait for it. A browser that cannot be started is reported in one
 * line: the address was printed anyway.
 */
export function openInBrowser(
  address: string,
  log: (line: string) => void,
  start: (file: string, args: string[]) => ChildProcess = (file, args) =>
    spawn(file, args, { stdio: 'ignore', detached: true })
): void {
  const [file = '', ...args] = browserCommand(address)
  const child = start(file, args)
  child.once('error', () =>
    log(`No browser could be started (${file} is missing); open the address yourself.`)
  )
  child.once('exit', (code) => {
    if (code !== null && code !== 0) log(`${file} could not open a browser; open the address yourself.`)
  })
  child.unref()
}
