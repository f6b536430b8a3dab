import { composeBitbench } from './compose'
import { serveWeb } from './hosts/webHost'
import { builtPath } from './paths'

/** Runs the web host until a signal comes: `bitbench serve`, and `npm start` where Electron's binary cannot be had. */
export async function runWebHost(options: {
  dataFolder: string
  tcpPort: number
  say: (line: string) => void
  signal: AbortSignal
}): Promise<void> {
  const bitbench = await composeBitbench({ host: 'web', dataFolder: options.dataFolder })
  const host = await serveWeb({
    dispatch: bitbench.dispatch,
    events: bitbench.events,
    pageFolder: builtPath('renderer'),
    tcpPort: options.tcpPort,
    log: (line) => process.stderr.write(`${line}\n`)
  }).catch(async (reason: unknown) => {
    await bitbench.close()
    throw reason
  })
  bitbench.store.announce('the web host', host.address.replace(/#.*$/, ''), host.token)
  options.say(`Bitbench is served on this machine only. Open:\n\n  ${host.address}\n`)
  options.say(
    `From another machine: ssh -L ${host.tcpPort}:127.0.0.1:${host.tcpPort} THIS_MACHINE, then open the same address.`
  )
  options.say(
    'The token in the address is as good as a login: who has it can run programs as you. Keep it to yourself.'
  )
  options.say('Press Ctrl-C to stop.')
  await new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve()
    options.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await host.close()
  await bitbench.close()
}
