import { z } from 'zod'
import { appErrorSchema } from '../job'

/** What travels between a client and a host, the same over IPC and over HTTP and WebSocket. */
export const callRequestSchema = z.object({ name: z.string().max(100), input: z.unknown() })

/** A command on the wire. */
export type CallRequest = z.infer<typeof callRequestSchema>

export const callReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: appErrorSchema })
])

/** The reply to a command on the wire. */
export type CallReply = z.infer<typeof callReplySchema>

/** One event; hosts send several in a row every `eventBatchMs`. */
export const eventMessageSchema = z.object({ event: z.string(), payload: z.unknown() })

/** An event on the wire. */
export type EventMessage = z.infer<typeof eventMessageSchema>

/** A host collects events for this long before it sends them. */
export const eventBatchMs = 30
/** More events than this waiting for one client are dropped, oldest first, and counted in `host.dropped`. */
export const eventQueueLimit = 2_000

/** What the preload exposes as `window.bitbench`. */
export interface PreloadApi {
  call(name: string, input: unknown): Promise<CallReply>
  subscribe(listener: (message: EventMessage) => void): () => void
  /** Path of a file that was chosen or dropped in the window; empty for one that is on no disk. */
  pathOf(file: object): string
}

/** Paths and the token's place in the web host. */
export const webPaths = { call: '/api/call', events: '/api/events', upload: '/api/upload' } as const
/** Headers of an upload: its group, and its name below the group's folder as encodeURIComponent writes it. */
export const uploadHeaders = { group: 'x-bitbench-group', name: 'x-bitbench-name' } as const

export const uploadReplySchema = z.object({ path: z.string(), folder: z.string(), sizeBytes: z.number() })

/** Where a file that was sent lies on the machine of the host. */
export type UploadReply = z.infer<typeof uploadReplySchema>

/** WebSocket subprotocol that carries the token, since browsers cannot set headers there. */
export const webSocketProtocol = (token: string): string => `bitbench.${token}`
