import { composeBitbench } from './compose'
import { serveWeb, type WebHost } from './hosts/webHost'
import { builtPath } from './paths'

/** Runs the web host until a signal comes: `bitbench serve`, and `npm start` where Electron's binary cannot be had. */
export async function runWebHost(options: {
  dataFolder: string
  tcpPort: number
  say: (line: string) => void
  signal: AbortSignal
  /** Starts the user's browser; without it the address is only printed. */
  openBrowser?: (address: string) => void
  /** One line in place of the explanations, for `npm start`. */
  brief?: boolean
}): Promise<void> {
  const bitbench = await composeBitbench({ host: 'web', dataFolder: options.dataFolder })
  const host = await serveWeb({
    dispatch: bitbench.dispatch,
    events: bitbench.events,
    pageFolder: builtPath('renderer'),
    uploads: bitbench.uploads,
    tcpPort: options.tcpPort,
    log: (line) => process.stderr.write(`${line}\n`)
  }).catch(async (reason: unknown) => {
    await bitbench.close()
    throw reason
  })
  bitbench.store.announce('the web host', host.address.replace(/#.*$/, ''), host.token)
  for (const line of addressLines(host, options.brief === true)) options.say(line)
  options.openBrowser?.(host.oneTimeAddress())
  await new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve()
    options.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await host.close()
  await bitbench.close()
}

function addressLines({ address, tcpPort }: WebHost, isBrief: boolean): string[] {
  if (isBrief) {
    return [
      `Bitbench: ${address} (as good as a login, keep it to yourself; elsewhere: ssh -L ${tcpPort}:127.0.0.1:${tcpPort} THIS_MACHINE; Ctrl-C stops)`
    ]
  }
  return [
    `Bitbench is served on this machine only. Open:\n\n  ${address}\n`,
    `From another machine: ssh -L ${tcpPort}:127.0.0.1:${tcpPort} THIS_MACHINE, then open the same address.`,
    'The token in the address is as good as a login: who has it can run programs as you. Keep it to yourself.',
    'Press Ctrl-C to stop.'
  ]
}
