import { connect } from 'node:net'
import type { Random } from '@core/math/random'
import { webPaths, webSocketProtocol } from '@shared/contract/framework/transport'
import type { ServedHost } from '../servedHost'

/** One hostile connection: what is sent, and how the connection then ends. */
interface Attack {
  name: string
  bytes: Buffer
  end: 'reset' | 'close' | 'hang'
}

/** Opens one hostile connection to the host and returns what it was. */
export async function attackSocket(host: ServedHost, random: Random): Promise<string> {
  const attack = chooseAttack(host, random)
  const { port } = new URL(host.origin)
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
    socket.once('connect', () => {
      socket.write(attack.bytes, () => {
        if (attack.end === 'reset') socket.resetAndDestroy()
        else if (attack.end === 'close') socket.end()
        setTimeout(() => socket.destroy(), attack.end === 'hang' ? 200 : 50)
      })
    })
  })
  return `socket: ${attack.name}`
}

function chooseAttack(host: ServedHost, random: Random): Attack {
  const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.integer(256)))
  const end = (['reset', 'close', 'hang'] as const)[random.integer(3)]!
  const { host: name } = new URL(host.origin)
  const upgrade = (target: string, protocol: string): Buffer =>
    Buffer.from(
      `GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`
    )
  const post = (body: string, length = Buffer.byteLength(body)): Buffer =>
    Buffer.from(
      `POST ${webPaths.call} HTTP/1.1\r\nHost: ${name}\r\nAuthorization: Bearer ${host.token}\r\nContent-Length: ${length}\r\n\r\n${body}`
    )
  const own = webSocketProtocol(host.token)
  const attacks: (() => [string, Buffer])[] = [
    () => ['noise', bytesOf(1 + random.integer(4000))],
    () => ['target //', Buffer.from(`GET // HTTP/1.1\r\nHost: ${name}\r\n\r\n`)],
    () => ['upgrade of //', upgrade('//', own)],
    () => ['upgrade without the token', upgrade(webPaths.events, 'bitbench.wrong')],
    () => ['upgrade, then noise', Buffer.concat([upgrade(webPaths.events, own), bytesOf(300)])],
    () => [
      'upgrade, then an endless frame',
      Buffer.concat([
        upgrade(webPaths.events, own),
        Buffer.from([0x81, 0x7f, 0x7f, 255, 255, 255, 255, 255, 255, 255])
      ])
    ],
    () => [
      'headers without an end',
      Buffer.from(`GET / HTTP/1.1\r\nHost: ${name}\r\nX: ${'y'.repeat(random.integer(40_000))}`)
    ],
    () => ['a body cut off', post('{"name":"job.list","input":{}', 5000)],
    () => ['a body that is no JSON', post(bytesOf(200).toString('latin1'))],
    () => ['deep JSON', post('['.repeat(20_000))],
    () => ['an unknown command', post('{"name":"__proto__","input":{"constructor":1}}')],
    () => ['a page cut off', Buffer.from(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`)],
    () => ['a path upwards', Buffer.from(`GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: ${name}\r\n\r\n`)],
    () => [
      'two lengths',
      Buffer.from(
        `POST ${webPaths.call} HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\nabcdefg`
      )
    ]
  ]
  const [attack, bytes] = attacks[random.integer(attacks.length)]!()
  return { name: attack, bytes, end }
}
