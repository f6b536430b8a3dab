import { spawn, type ChildProcess } from 'node:child_process'
import { request } from 'node:http'
import { WebSocket } from 'ws'
import type { CommandInput, CommandName, CommandOutput } from '@shared/contract/index'
import { webPaths, webSocketProtocol, type EventMessage } from '@shared/contract/framework/transport'

/** `bitbench serve` as a process of its own, with one client that calls and hears every event. */
export interface ServedHost {
  readonly child: ChildProcess
  readonly origin: string
  readonly token: string
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Everything the client heard, in order. */
  readonly heard: EventMessage[]
  /** What the process wrote to its standard error. */
  errors(): string
  /** Refused with the error as JSON. `timeoutMs`: default 60 s. */
  call<K extends CommandName>(name: K, input: CommandInput<K>, timeoutMs?: number): Promise<CommandOutput<K>>
  /** Resolves when an event fits, one that was heard already or a later one. */
  heardOf(fits: (message: EventMessage) => boolean, timeoutMs?: number): Promise<void>
  /** kill -9, and waits for the end. */
  kill(): Promise<void>
}

export async function serveHost(
  dataFolder: string,
  env: Readonly<Record<string, string>> = {}
): Promise<ServedHost> {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', dataFolder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env }
  })
  const onExit = (): void => void child.kill('SIGKILL')
  process.once('exit', onExit)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => {
      process.off('exit', onExit)
      resolve({ code, signal })
    })
  )
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-20_000)))
  const address = await new Promise<URL>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/\S+#token=\S+/.exec(text)
      if (found !== null) resolve(new URL(found[0]))
    })
    void ended.then(() => reject(new Error(`serve ended: ${text}${errors}`)))
  })
  const token = address.hash.slice('#token='.length)
  const heard: EventMessage[] = []
  const waiting = new Set<(message: EventMessage) => void>()
  const socket = new WebSocket(`ws://${address.host}${webPaths.events}`, webSocketProtocol(token))
  socket.on('error', () => undefined)
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as EventMessage
    heard.push(message)
    for (const listener of waiting) listener(message)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('close', () => reject(new Error('the event socket was refused')))
  })

  return {
    child,
    origin: address.origin,
    token,
    ended,
    heard,
    errors: () => errors,
    call: (name, input, timeoutMs) => callHost(address, name, input, timeoutMs),
    async heardOf(fits, timeoutMs = 60_000) {
      if (heard.some(fits)) return
      await new Promise<void>((resolve, reject) => {
        const end = (settle: () => void): void => {
          waiting.delete(listen)
          clearTimeout(timer)
          settle()
        }
        const listen = (message: EventMessage): void => {
          if (fits(message)) end(resolve)
        }
        const timer = setTimeout(() => end(() => reject(new Error('nothing fitting was heard'))), timeoutMs)
        waiting.add(listen)
        void ended.then(() => end(() => reject(new Error(`serve ended: ${errors}`))))
      })
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
      socket.terminate()
    }
  }
}

/** One command to a host at the address that it printed, the token in its fragment. Refused with the error as JSON. */
export async function callHost<K extends CommandName>(
  { origin, hash }: URL,
  name: K,
  input: CommandInput<K>,
  timeoutMs = 60_000
): Promise<CommandOutput<K>> {
  const token = hash.slice('#token='.length)
  const text = await post(`${origin}${webPaths.call}`, token, JSON.stringify({ name, input }), timeoutMs)
  const reply = JSON.parse(text) as { ok: boolean; value: never; error: unknown }
  if (!reply.ok) throw new Error(JSON.stringify(reply.error))
  return reply.value
}

/** One request on a connection of its own: a kept one may be closed by the host just when it is used again. */
function post(url: string, token: string, body: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${token}` },
      timeout: timeoutMs
    }
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      response.on('error', reject)
    })
    sent.on('timeout', () =>
      sent.destroy(new Error(`no answer within ${timeoutMs} ms: ${body.slice(0, 80)}`))
    )
    sent.on('error', (cause) => reject(new Error(`${cause.message}: ${body.slice(0, 80)}`, { cause })))
    sent.end(body)
  })
}
