import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandOutput } from '../../../shared/contract'
import type { GpuHost } from '../../../shared/contract/remote'
import { clockText } from '../../../shared/text/remoteText'
import { serveRemote } from '../../remote/remoteAgent'
import { channelFiles, grownText, silenceLimitMs } from '../../remote/lineChannel'
import {
  numberOption,
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from '../framework/framework'
import { clientOf } from '../framework/localClient'

/** `bitbench remote`: machines with GPUs behind a command prefix. */
export const remoteCli: CliNoun = {
  noun: 'remote',
  verbs: {
    list: {
      summary: 'Lists the GPU hosts that are known here.',
      usage: '',
      options: {},
      async run(_args, context) {
        return hostsShown(await (await clientOf(context)).call('remote.hosts', {}))
      }
    },
    add: {
      summary: 'Names a GPU host by the command that stands in front of what runs there.',
      usage:
        'NAME [--bitbench PATH] [--folder FOLDER] [--shared-folder FOLDER] -- ssh HOST | srun --gres=gpu:1',
      options: {
        bitbench: {
          type: 'string',
          multiple: true,
          help: 'command of Bitbench there; once for every word of it; "bitbench" without',
          valueName: 'WORD'
        },
        folder: { type: 'string', help: 'folder there that commands run in' },
        'shared-folder': {
          type: 'string',
          help: 'folder that both machines see: for sbatch, which passes no input on'
        },
        shells: { type: 'string', help: 'shells that split the words behind the prefix; one per ssh without' }
      },
      notes: [
        'ssh needs a key or an agent, no password can be typed. Each ssh in the prefix stands for one shell there.',
        'Batch jobs: bitbench remote add batch --shared-folder /nfs/me -- sbatch --wait --requeue --gres=gpu:1'
      ],
      async run(args, context) {
        const host = hostOf(args)
        return hostsShown(await (await clientOf(context)).call('remote.saveHost', host))
      }
    },
    check: {
      summary: 'Starts Bitbench on a host; shows its version, clock, driver and GPUs.',
      usage: 'NAME',
      options: {},
      async run(args, context) {
        const found = await (await clientOf(context)).call('remote.check', { host: nameOf(args) })
        const { machine, version, driver, gpus, problem, clock } = found
        const lines = [
          `${machine}, Bitbench ${version}`,
          `  clock ${clockText(clock)}`,
          problem === null ? `  driver ${driver}: ${gpus.join(', ')}` : `  ${problem}`
        ]
        return { json: found, text: lines.join('\n'), exitCode: problem === null ? 0 : 1 }
      }
    },
    remove: {
      summary: 'Forgets a GPU host; runs that came from it stay.',
      usage: 'NAME',
      options: {},
      async run(args, context) {
        const host = nameOf(args)
        return hostsShown(await (await clientOf(context)).call('remote.removeHost', { host }))
      }
    },
    agent: {
      summary: 'Started on a GPU host by the machine that ordered the work; talks to it alone.',
      usage: '[--folder FOLDER]',
      options: { folder: { type: 'string', help: 'files to talk through, instead of input and output' } },
      run: runAgent
    }
  }
}

async function runAgent(args: CliArguments, context: CliContext) {
  context.stopInOrder()
  // A machine that is gone is noticed at the end of what comes from it.
  process.stdout.on('error', () => undefined)
  const { composeBitbench } = await import('../../compose')
  const { createAgentWork } = await import('./agentWork')
  const work = await createAgentWork((dataFolder) =>
    composeBitbench({ host: 'cli', dataFolder, log: context.log })
  )
  try {
    const folder = textOption(args, 'folder')
    if (folder === undefined) {
      await serveRemote(work, process.stdin.setEncoding('utf8'), writeOut, context.signal)
      process.stdin.destroy()
    } else {
      const file = (name: keyof typeof channelFiles): string => path.join(folder, channelFiles[name])
      let over = false
      const orders = grownText(file('orders'), () => over, {
        limitMs: silenceLimitMs,
        steadyMs: () => performance.now()
      })
      await serveRemote(work, orders, (text) => appendFile(file('reports'), text), context.signal)
      over = true
    }
  } finally {
    await work.close()
  }
  return { json: { served: true }, text: '' }
}

const writeOut = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())))

/** @throws UsageError without a name */
function nameOf(args: CliArguments): string {
  const [name, ...more] = args.positionals
  if (name === undefined || more.length > 0)
    throw new UsageError('name one host; bitbench remote list shows them')
  return name
}

/** @throws UsageError without name and prefix */
function hostOf(args: CliArguments): GpuHost {
  const [name, ...prefix] = args.positionals
  if (name === undefined || prefix.length === 0 || !args.hasCommand) {
    throw new UsageError('give a NAME, and behind "--" what stands in front of a command there')
  }
  const words = repeatedOption(args, 'bitbench')
  return {
    ...{ name, prefix },
    bitbench: words.length > 0 ? words : ['bitbench'],
    folder: textOption(args, 'folder') ?? null,
    sharedFolder: textOption(args, 'shared-folder') ?? null,
    shells: numberOption(args, 'shells', { min: 0, max: 3, integer: true }) ?? null
  }
}

function hostsShown(found: CommandOutput<'remote.hosts'>) {
  const lines = found.hosts.map(
    ({ name, prefix, bitbench }) => `${name.padEnd(16)} ${[...prefix, ...bitbench].join(' ')}`
  )
  const text = lines.length === 0 ? 'No GPU host yet: bitbench remote add NAME -- ssh HOST' : lines.join('\n')
  return { json: found, text }
}
