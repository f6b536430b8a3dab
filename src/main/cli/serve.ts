import { numberOption, textOption, type CliNoun } from './framework/framework'
import { defaultDataFolder } from '../dataFolder'
import { openInBrowser } from '../hosts/openInBrowser'
import { runWebHost } from '../webMain'

export const serveCli: CliNoun = {
  noun: 'serve',
  verbs: {
    serve: {
      summary: 'Serves the window on 127.0.0.1 and prints its address.',
      usage: '[--tcp-port N] [--open] [--brief]',
      options: {
        'tcp-port': { type: 'string', help: 'TCP port; 0 picks a free one', default: '0' },
        open: { type: 'boolean', help: 'start the browser with the window' },
        brief: { type: 'boolean', help: 'print one line with the address and no more' }
      },
      async run(args, context) {
        const tcpPort = numberOption(args, 'tcp-port', { min: 0, max: 65535, integer: true }) ?? 0
        context.stopInOrder()
        await runWebHost({
          dataFolder: textOption(args, 'data') ?? defaultDataFolder(),
          tcpPort,
          say: (line) => (context.json ? context.log(line) : process.stdout.write(`${line}\n`)),
          signal: context.signal,
          brief: args.values['brief'] === true,
          ...(args.values['open'] === true
            ? { openBrowser: (address: string) => openInBrowser(address, context.log) }
            : {})
        })
        return { json: { stopped: true }, text: 'Stopped.' }
      }
    }
  }
}
