import { request } from 'node:http'
import path from 'node:path'
import { WebSocket } from 'ws'
import {
  callReplySchema,
  eventMessageSchema,
  webPaths,
  webSocketProtocol,
  type CallReply,
  type EventMessage
} from '../../../shared/contract/framework/transport'
import type { StopSignal } from '../../../shared/contract/framework/define'
import { AppError } from '../../../shared/errors'
import type { Bitbench } from '../../compose'
import type { Dispatch } from '../../hosts/dispatcher'
import type { EventBus } from '../../hosts/eventBus'
import { isProcessAlive } from '../../files/isProcessAlive'
import { readOwner, type StoreOwner } from '../../store/ownerFile'

/** A Bitbench that already runs on the same data file, reached over its loopback address. */
export interface RunningHost {
  readonly where: string
  readonly dispatch: Dispatch
  readonly events: Pick<EventBus, 'listen'>
  close(): void
}

/** Longest time that a host on this machine takes for a trivial call while every core computes, ms; where none listens it is refused at once. */
const probeMs = 15_000

/**
 * Finds the window or web host that owns the data file of `dataFolder`; null when none runs. Its address and token
 * stand in the owner file beside the data file, which only this user can read.
 */
export async function findRunningHost(dataFolder: string): Promise<RunningHost | null> {
  const owner = readOwner(path.join(dataFolder, 'bitbench.duckdb'), null)
  if (owner === null || owner.where === null || owner.token === null || !isProcessAlive(owner.pid))
    return null
  const { where, token } = owner
  const probe = await postCall(where, token, 'job.list', {}, AbortSignal.timeout(probeMs)).catch(() => null)
  if (probe?.ok !== true) return null
  const socket = await openEvents(where, token).catch(() => null)
  if (socket === null) return null
  return {
    where,
    dispatch: (name, input, { signal }) =>
      postCall(where, token, name, input, forwarded(signal)).catch((cause: unknown) => ({
        ok: false as const,
        error: unreachable(owner, cause).toJSON()
      })),
    events: eventsOf(socket, owner),
    close: () => socket.close()
  }
}

/** Events of a host; listeners are called when the connection ends before they have stopped listening. */
function eventsOf(socket: WebSocket, owner: StoreOwner): RunningHost['events'] {
  const listeners = new Map<(message: EventMessage) => void, ((error: AppError) => void) | undefined>()
  socket.on('message', (data: Buffer) => {
    const message = eventMessageSchema.safeParse(JSON.parse(data.toString('utf8')))
    if (message.success) for (const listener of listeners.keys()) listener(message.data)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    for (const onLost of listeners.values()) onLost?.(unreachable(owner, null))
  })
  return {
    listen(listener, onLost) {
      listeners.set(listener, onLost)
      if (socket.readyState !== WebSocket.OPEN) onLost?.(unreachable(owner, null))
      return () => listeners.delete(listener)
    }
  }
}

/**
 * The running host in the shape that verbs take. Verbs that speak the contract work as they are; what only exists
 * inside the other process throws.
 *
 * @throws store.locked when a verb needs a service itself
 */
export function asBitbench(host: RunningHost): Bitbench {
  const offered: Record<string, unknown> = {
    dispatch: host.dispatch,
    events: host.events,
    close: async () => host.close()
  }
  return new Proxy(offered, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then' || name in target) return target[name as string]
      throw new AppError(
        'store.locked',
        `Bitbench is open at ${host.where}, and this verb needs the data file for itself.`,
        'Do it in that window, close it first, or give this verb a data folder of its own with --data FOLDER.'
      )
    }
  }) as unknown as Bitbench
}

function postCall(
  where: string,
  token: string,
  name: string,
  input: unknown,
  signal: AbortSignal
): Promise<CallReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(webPaths.call, where),
      {
        method: 'POST',
        signal,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          try {
            resolve(callReplySchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
          } catch (cause) {
            reject(cause)
          }
        })
      }
    )
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ name, input }))
  })
}

function openEvents(where: string, token: string): Promise<WebSocket> {
  const address = new URL(webPaths.events, where)
  address.protocol = 'ws:'
  const socket = new WebSocket(address, [webSocketProtocol(token)], { handshakeTimeout: probeMs })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** The contract's stop signal as the one that node:http takes. */
function forwarded(signal: StopSignal): AbortSignal {
  const controller = new AbortController()
  if (signal.aborted) controller.abort()
  else signal.addEventListener('abort', () => controller.abort(), { once: true })
  return controller.signal
}

function unreachable(owner: StoreOwner, cause: unknown): AppError {
  if (cause instanceof Error && cause.name === 'AbortError')
    return new AppError(
      'job.cancelled',
      'The call was cancelled.',
      'Start it again when you want its result.'
    )
  return new AppError(
    'host.disconnected',
    `The connection to ${owner.what} at ${owner.where ?? 'no address'} ended before the work did.`,
    'Run the command again; without a running host it opens the data file itself. `bitbench run list` shows what was stored.',
    { cause }
  )
}
