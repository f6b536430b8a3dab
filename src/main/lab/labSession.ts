import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import type { LabPlace, LabResource } from '../../core/lab/places'
import { AppError } from '../../shared/errors'
import { clientOutSchema, coordinatorClient, type LabUpdate } from './coordinatorCalls'

/** A client's connection to a coordinator, with all places and resources as it last sent them. */
export interface LabSession {
  readonly places: readonly LabPlace[]
  readonly resources: readonly LabResource[]
  /** Why the connection ended; null while it holds. */
  readonly ended: AppError | null
  /** @throws AppError board.busy, lab.refused, lab.unreachable */
  acquire(place: string): Promise<void>
  /** Releases a place if this one holds it; does nothing to a place that another one holds by now. @throws AppError lab.* */
  release(place: string, holder: string): Promise<void>
  /** Called after each change and once at the end. */
  onChange(listener: () => void): () => void
  close(): void
}

/** Longest time until the coordinator has sent what it knows, ms. */
const openMs = 5_000
/** Longest time of a call, ms: acquiring starts the servers of all serial lines of a place, 10 s each at most. */
const callMs = 60_000

type Calls = Client &
  Record<
    'AcquirePlace' | 'ReleasePlace',
    (request: object, options: { deadline: number }, done: (error: ServiceError | null) => void) => unknown
  > & { ClientStream(): ClientDuplexStream<object, unknown> }

/**
 * Opens a session; places are acquired under `name`.
 * @param address HOST:PORT
 * @param name HOST/USER, as labgrid's own client calls itself
 * @throws AppError lab.unreachable
 */
export async function openLabSession(
  address: string,
  name: string,
  version: string,
  nowMs: () => number
): Promise<LabSession> {
  const { grpc, Client } = await coordinatorClient()
  const client = new Client(address, grpc.credentials.createInsecure(), {
    // Those of labgrid's own client; a coordinator takes them.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.enable_retries': 0,
    // The coordinator knows a client by its TCP connection and takes one stream of each.
    'grpc.use_local_subchannel_pool': 1
  }) as unknown as Calls
  const places = new Map<string, LabPlace>()
  const resources = new Map<string, LabResource>()
  const listeners = new Set<() => void>()
  let ended: AppError | null = null
  const stream = client.ClientStream()
  const announce = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const end = (reason: AppError): void => {
    if (ended !== null) return
    ended = reason
    stream.cancel()
    client.close()
    announce()
  }
  try {
    await synchronise(stream, address, { version, name }, end, (updates) => {
      for (const update of updates) apply(update, places, resources)
      announce()
    })
  } catch (reason) {
    end(AppError.from(reason))
    throw reason
  }
  const call = (method: 'AcquirePlace' | 'ReleasePlace', request: object): Promise<void> =>
    new Promise((resolve, reject) => {
      if (ended !== null) return reject(ended)
      client[method](request, { deadline: nowMs() + callMs }, (error) =>
        error === null ? resolve() : reject(refusal(address, error, grpc.status))
      )
    })
  return {
    get places() {
      return [...places.values()]
    },
    get resources() {
      return [...resources.values()]
    },
    get ended() {
      return ended
    },
    acquire: (place) => call('AcquirePlace', { placename: place }),
    release: (place, holder) => call('ReleasePlace', { placename: place, fromuser: holder }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => end(unreachable(address, 'it was left'))
  }
}

/** Asks for all places and resources, and resolves when the first of them have come; `take` gets every message. */
async function synchronise(
  stream: ClientDuplexStream<object, unknown>,
  address: string,
  startup: { version: string; name: string },
  end: (reason: AppError) => void,
  take: (updates: readonly LabUpdate[]) => void
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const synced = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(unreachable(address, 'it sent nothing within 5 s')), openMs)
    stream.on('data', (message: unknown) => {
      const read = clientOutSchema.safeParse(message)
      if (!read.success) return
      take(read.data.updates)
      if (read.data.sync?.id === 1) resolve()
    })
    const onEnd = (why: string): void => {
      const reason = unreachable(address, why)
      reject(reason)
      end(reason)
    }
    stream.on('error', (reason: ServiceError) => onEnd(reason.details || reason.message))
    stream.on('end', () => onEnd('it closed the connection'))
  })
  stream.write({ startup })
  stream.write({ subscribe: { allPlaces: true } })
  stream.write({ subscribe: { allResources: true } })
  stream.write({ sync: { id: 1 } })
  try {
    await synced
  } finally {
    clearTimeout(timer)
  }
}

const keyOf = (exporter: string, group: string, name: string): string =>
  JSON.stringify([exporter, group, name])

function apply(update: LabUpdate, places: Map<string, LabPlace>, resources: Map<string, LabResource>): void {
  if (update.kind === 'place') places.set(update.place.name, update.place)
  else if (update.kind === 'delPlace') places.delete(update.delPlace)
  else if (update.kind === 'resource') {
    const { exporter, group, name } = update.resource
    resources.set(keyOf(exporter, group, name), update.resource)
  } else if (update.kind === 'delResource') {
    const { exporterName, groupName, resourceName } = update.delResource
    resources.delete(keyOf(exporterName, groupName, resourceName))
  }
}

/** The coordinator cannot be reached. */
export function unreachable(address: string, why: string): AppError {
  return new AppError(
    'lab.unreachable',
    `The coordinator ${address} cannot be reached: ${why}`,
    'Check that it runs there (labgrid 24 or newer) and that this machine may connect.'
  )
}

function refusal(
  address: string,
  { code, details }: ServiceError,
  status: typeof import('@grpc/grpc-js').status
): AppError {
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED)
    return unreachable(address, details)
  if (/already acquired/i.test(details))
    return new AppError('board.busy', `${details}.`, 'The list of places shows who holds it.')
  return new AppError(
    'lab.refused',
    `The coordinator ${address} refused: ${details}`,
    'Look at the place with labgrid-client; a reservation or a broken resource may be the reason.'
  )
}
