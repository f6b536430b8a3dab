import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { CommandInput, CommandName, CommandOutput } from '@shared/contract/index'
import { callHost } from '../../support/servedHost'

export interface ServedApp {
  address: string
  /** One command to the host, as the page sends it. @throws Error with what the host said */
  call<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>>
  /** Everything the program printed, for a failing test's message. */
  output(): string
  /** Ends the host as an unplugged cable would; `start` again with the same port. */
  stop(): Promise<void>
  close(): Promise<void>
}

const root = path.resolve(import.meta.dirname, '../../..')

/** Runs `bitbench serve` as a user would, on an empty data folder. */
export async function serveApp(
  options: { tcpPort?: number; env?: NodeJS.ProcessEnv } = {}
): Promise<ServedApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-e2e-'))
  const child: ChildProcess = spawn(
    process.execPath,
    [
      path.join(root, 'bin/bitbench.mjs'),
      'serve',
      '--tcp-port',
      String(options.tcpPort ?? 0),
      '--data',
      folder
    ],
    { cwd: root, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] }
  )
  let output = ''
  const address = await new Promise<string>((resolve, reject) => {
    const onText = (chunk: Buffer): void => {
      output += chunk.toString('utf8')
      const match = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(output)
      if (match !== null) resolve(match[0])
    }
    child.stdout!.on('data', onText)
    child.stderr!.on('data', onText)
    child.once('exit', (code) => reject(new Error(`bitbench serve ended with ${code}:\n${output}`)))
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const hung = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(hung)
  }
  return {
    address,
    call: (name, input) => callHost(new URL(address), name, input),
    output: () => output,
    stop,
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
