import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { SmiCommand, Spawn } from '@main/gpu/smi/smiProcess'

/** What a call of nvidia-smi gives; an Error: it cannot be started. */
export type SmiReply = { stdout?: string; stderr?: string; exitCode?: number } | Error

export const smiCommand: SmiCommand = {
  path: '/opt/nvidia-smi',
  file: '/opt/nvidia-smi',
  leadingArguments: []
}

/** A spawn whose nvidia-smi prints what `reply` returns for its arguments, and the arguments of every call as a line. */
export function scriptedSmi(reply: (args: string) => SmiReply): { spawn: Spawn; calls: string[] } {
  const calls: string[] = []
  const spawn = ((_file: string, args: readonly string[]) => {
    const line = args.join(' ')
    calls.push(line)
    const child = Object.assign(new EventEmitter(), {
      ...{ stdout: new PassThrough(), stderr: new PassThrough(), pid: 1, kill: () => true }
    })
    const given = reply(line)
    setImmediate(() => {
      if (given instanceof Error) return void child.emit('error', given)
      child.stdout.end(given.stdout ?? '')
      child.stderr.end(given.stderr ?? '')
      setImmediate(() => child.emit('close', given.exitCode ?? 0))
    })
    return child
  }) as unknown as Spawn
  return { spawn, calls }
}
