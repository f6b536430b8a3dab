import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { resourcePath } from '@main/paths'
import { freePort } from '../freePort'
import { startEcho } from './echoServer'
import type { LabServer } from './labServer'

interface FakePlace {
  name: string
  aliases: string[]
  matches: { exporter: string; group: string; cls: string; rename?: string }[]
  acquired?: string
  changed: number
}

type Call = grpc.ServerUnaryCall<{ placename: string; fromuser?: string }, object>
type Stream = grpc.ServerDuplexStream<Record<string, never>, object>

const definition = loadSync(resourcePath('lab', 'coordinator.proto'), {
  longs: Number,
  defaults: true,
  oneofs: true
})
const { Coordinator } = grpc.loadPackageDefinition(definition)['labgrid'] as unknown as {
  Coordinator: grpc.ServiceClientConstructor
}

/** A coordinator as labgrid's documentation and a real one describe it (test/integration/lab runs both through one suite). */
export async function startFakeCoordinator(): Promise<LabServer> {
  const echo = await startEcho()
  const tcpPort = await freePort()
  const at = (): number => Date.now() / 1000
  const match = (group: string, cls = '*'): FakePlace['matches'][0] => ({ exporter: '*', group, cls })
  const places = new Map<string, FakePlace>(
    [
      { name: 'rack1', aliases: ['first'], matches: [match('rack1')], changed: at() },
      { name: 'rack2', aliases: [], matches: [match('rack2', 'NetworkSerialPort')], changed: at() },
      { name: 'empty', aliases: [], matches: [match('nothing')], changed: at() }
    ].map((place) => [place.name, place])
  )
  const lines = [
    { group: 'rack1', name: 'RawSerialPort', isOpen: false },
    { group: 'rack2', name: 'a', isOpen: true },
    { group: 'rack2', name: 'b', isOpen: true }
  ]
  let sessions = new Map<string, { stream: Stream; name: string }>()
  let server: grpc.Server

  const resourceOf = ({ group, name, isOpen }: (typeof lines)[0]): object => ({
    path: { exporterName: 'host', groupName: group, resourceName: name },
    cls: 'NetworkSerialPort',
    params: {
      host: { stringValue: '127.0.0.1' },
      // Without a kind, as a value of None is sent.
      port: isOpen ? { intValue: echo.tcpPort } : {},
      speed: { intValue: 115_200 },
      protocol: { stringValue: 'raw' }
    },
    extra: { proxy_required: { boolValue: false } },
    acquired: '',
    avail: true
  })
  const publish = (update: object): void => {
    for (const { stream } of sessions.values()) stream.write({ updates: [update] })
  }
  const changed = (place: FakePlace): void => {
    place.changed = at()
    publish({ place })
  }
  /** The exporter opens or closes its line; a resource is sent before the place, as the real one does. */
  const setLine = (place: FakePlace): void => {
    for (const line of lines)
      if (line.group === place.name && line.name === 'RawSerialPort') {
        line.isOpen = place.acquired !== undefined
        publish({ resource: resourceOf(line) })
      }
  }
  const refuse = (done: grpc.sendUnaryData<object>, code: grpc.status, details: string): void =>
    done({ code, details })
  const release = (place: FakePlace): void => {
    delete place.acquired
    setLine(place)
    changed(place)
  }

  const handlers = {
    ClientStream(stream: Stream) {
      const peer = stream.getPeer()
      if (sessions.has(peer)) {
        stream.emit('error', { code: grpc.status.UNKNOWN, details: '' })
        return
      }
      stream.on('data', (message: Record<string, unknown>) => {
        const { kind } = message
        if (kind === 'startup')
          sessions.set(peer, { stream, name: (message['startup'] as { name: string }).name })
        if (kind === 'sync') stream.write({ sync: message['sync'] })
        if (kind !== 'subscribe') return
        if ((message['subscribe'] as { kind: string }).kind === 'allPlaces')
          stream.write({ updates: [...places.values()].map((place) => ({ place })) })
        else stream.write({ updates: lines.map((line) => ({ resource: resourceOf(line) })) })
      })
      stream.on('cancelled', () => sessions.delete(peer))
      stream.on('end', () => (sessions.delete(peer), stream.end()))
      stream.on('error', () => undefined)
    },
    AcquirePlace(call: Call, done: grpc.sendUnaryData<object>) {
      const name = call.request.placename
      const session = sessions.get(call.getPeer())
      const place = places.get(name)
      if (session === undefined)
        return refuse(
          done,
          grpc.status.FAILED_PRECONDITION,
          `Peer ${call.getPeer()} does not have a valid session`
        )
      if (place === undefined)
        return refuse(done, grpc.status.INVALID_ARGUMENT, `Place ${name} does not exist`)
      if (place.acquired !== undefined)
        return refuse(done, grpc.status.FAILED_PRECONDITION, `Place ${name} is already acquired`)
      place.acquired = session.name
      setLine(place)
      changed(place)
      done(null, {})
    },
    ReleasePlace(call: Call, done: grpc.sendUnaryData<object>) {
      const { placename, fromuser } = call.request
      const place = places.get(placename)
      if (place === undefined)
        return refuse(done, grpc.status.INVALID_ARGUMENT, `Place ${placename} does not exist`)
      if (fromuser !== undefined && place.acquired !== fromuser) return done(null, {})
      if (place.acquired === undefined)
        return refuse(done, grpc.status.FAILED_PRECONDITION, `Place ${placename} is not acquired`)
      release(place)
      done(null, {})
    }
  }
  const start = async (): Promise<void> => {
    server = new grpc.Server()
    server.addService(Coordinator.service, handlers as unknown as grpc.UntypedServiceImplementation)
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${tcpPort}`, grpc.ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error)
      )
    )
  }
  const halt = async (): Promise<void> => {
    sessions = new Map()
    server.forceShutdown()
    // A real one writes its places every 15 s, not at its end.
    for (const place of places.values()) delete place.acquired
  }
  await start()
  return {
    address: `127.0.0.1:${tcpPort}`,
    async acquireAs(user, name) {
      const place = places.get(name)!
      place.acquired = user
      setLine(place)
      changed(place)
    },
    async kick(name) {
      release(places.get(name)!)
    },
    holderOf: async (name) => places.get(name)!.acquired ?? null,
    halt,
    restart: start,
    async stop() {
      await halt()
      await echo.stop()
    }
  }
}
