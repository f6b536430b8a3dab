import { execFileSync } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { readNetworkAddress } from '@core/board/network/address'
import type { Link } from '@main/board/links/link'
import { openNetworkLink, type NetworkOptions } from '@main/board/links/network/networkLink'
import { type ConsoleServer, type Ser2netOptions, startSer2net } from '../support/consoleServers'
import { freePort } from '../support/freePort'
import { hasTool, sayskip } from '../support/ptyPair'
import { until } from '../support/until'

/** Consoles on the network where they go wrong, and what RFC 2217 does to the line behind ser2net. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(text: string, change: Partial<NetworkOptions> = {}): Promise<Link> {
  const link = await openNetworkLink({ address: readNetworkAddress(text)!, baudRate: 115_200, ...change })
  cleanups.push(() => link.close())
  return link
}

const ended = (link: Link): Promise<string> =>
  new Promise((resolve) => link.onClose((reason) => resolve(reason.text)))

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

async function rawServer(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  const port = await listen(server)
  cleanups.push(() => sockets.forEach((socket) => socket.destroy()))
  return port
}

describe('an address with the wrong thing behind it', () => {
  it('says that a name is not known', async () => {
    await expect(open('tcp://no-such-host.invalid:3000')).rejects.toMatchObject({
      code: 'board.notFound',
      message: expect.stringContaining('no-such-host.invalid'),
      hint: expect.stringContaining('IP address')
    })
  })

  it('says that nothing listens', async () => {
    await expect(open(`telnet://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
      code: 'board.notFound',
      message: expect.stringContaining('Nothing listens'),
      hint: expect.stringContaining('ser2net')
    })
  })

  it.each(['rfc2217', 'telnet'])('names HTTP behind %s://', async (scheme) => {
    const port = await listen(createHttpServer((_, response) => response.end('hello')))
    await expect(open(`${scheme}://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'board.protocol',
      message: expect.stringContaining('speaks HTTP'),
      hint: expect.stringContaining('port number')
    })
  })

  it('names HTTP behind tcp:// as soon as something was sent', async () => {
    const port = await listen(createHttpServer((_, response) => response.end('hello')))
    const link = await open(`tcp://127.0.0.1:${port}`)
    const end = ended(link)
    await link.write(new TextEncoder().encode('?\r\n\r\n'))
    expect(await end).toContain('speaks HTTP')
    await expect(link.write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'board.disconnected',
      hint: expect.stringContaining('port number')
    })
  })

  it('names SSH, which speaks first', async () => {
    const port = await rawServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'))
    await expect(open(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'board.protocol',
      message: expect.stringContaining('speaks SSH')
    })
  })

  it('gives up on a server that takes the connection and says nothing', async () => {
    const port = await rawServer(() => undefined)
    await expect(open(`rfc2217://127.0.0.1:${port}`, { negotiationMs: 100 })).rejects.toMatchObject({
      code: 'board.timeout',
      hint: expect.stringContaining('tcp://')
    })
    // Plain bytes over telnet need no negotiation.
    expect((await open(`telnet://127.0.0.1:${port}`, { negotiationMs: 100 })).closed).toBeNull()
  })
})

describe('a server that goes away', () => {
  it('in the middle of a write: the write is rejected and the link has ended', async () => {
    const port = await rawServer((socket) => {
      socket.pause()
      setTimeout(() => socket.resetAndDestroy(), 300)
    })
    const link = await open(`tcp://127.0.0.1:${port}`)
    await expect(link.write(new Uint8Array(32 << 20), 20_000)).rejects.toMatchObject({
      code: 'board.disconnected'
    })
    expect(link.closed).toMatchObject({ kind: 'ended' })
  })

  it('and one that reads nothing: the write ends by its own limit', async () => {
    const port = await rawServer((socket) => socket.pause())
    const link = await open(`tcp://127.0.0.1:${port}`)
    await expect(link.write(new Uint8Array(32 << 20), 200)).rejects.toMatchObject({ code: 'board.timeout' })
  })

  it('and one that holds the client back takes the bytes when it lets go', async () => {
    const received: number[] = []
    const suspend = [255, 250, 44, 108, 255, 240]
    let server: Socket | undefined
    const port = await rawServer((socket) => {
      server = socket
      socket.on('data', (bytes: Buffer) => {
        // Confirms what is asked for: every WILL by DO, every DO by WILL, every setting by itself plus 100.
        for (let index = 0; index < bytes.length; index++) {
          if (bytes[index] !== 255) received.push(bytes[index]!)
          else if (bytes[index + 1] === 250) {
            const end = bytes.indexOf(Buffer.from([255, 240]), index)
            const body = bytes.subarray(index + 3, end)
            socket.write(Buffer.from([255, 250, 44, body[0]! + 100, ...body.subarray(1), 255, 240]))
            index = end + 1
          } else {
            socket.write(Buffer.from([255, bytes[index + 1] === 251 ? 253 : 251, bytes[index + 2]!]))
            index += 2
          }
        }
      })
    })
    const link = await open(`rfc2217://127.0.0.1:${port}`)
    server!.write(Buffer.from(suspend))
    // Both ends are in this process: whoever returns to its event loop so often has read what was sent.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
    await expect(link.write(Uint8Array.of(1), 50)).rejects.toMatchObject({ code: 'board.timeout' })
    const written = link.write(Uint8Array.of(2))
    server!.write(Buffer.from([255, 250, 44, 109, 255, 240]))
    await written
    await link.setBaud(9_600)
    expect(received).toEqual([2])
  })
})

describe.skipIf(!(hasTool('ser2net') && hasTool('socat')))('ser2net', () => {
  const start = async (options: Ser2netOptions = {}): Promise<ConsoleServer> => {
    const server = await startSer2net(options)
    cleanups.push(() => server.stop())
    return server
  }
  const stty = (server: ConsoleServer): string =>
    execFileSync('stty', ['-F', server.device, '-a'], { encoding: 'utf8' })

  it('sets speed, data bits and parity of its line, whatever it started with', async () => {
    const server = await start({ line: '9600e72' })
    const link = await open(`rfc2217://127.0.0.1:${server.tcpPort}`)
    expect(link.descriptor).toMatchObject({ kind: 'network', baudRate: 115_200, lossy: true })
    expect(stty(server)).toMatch(/speed 115200 baud/)
    expect(stty(server)).toMatch(/-parenb[^]*cs8[^]*-cstopb/)
    await link.setBaud(57_600)
    expect(stty(server)).toMatch(/speed 57600 baud/)
    expect(link.descriptor.baudRate).toBe(57_600)
  })

  it('passes DTR and RTS on, and says that a pty has none', async () => {
    // The server's own RFC 2217 client leads to a server of this test, which confirms and keeps what it got.
    const seen: string[] = []
    const far = await rawServer((socket) => {
      socket.write(Buffer.from([255, 253, 44, 255, 251, 0, 255, 253, 0]))
      socket.on('data', (bytes: Buffer) => {
        for (const [, body] of bytes.toString('latin1').matchAll(/\xff\xfa,([^]*?)\xff\xf0/g)) {
          seen.push(Buffer.from(body!, 'latin1').toString('hex'))
          const reply = String.fromCharCode(body!.charCodeAt(0) + 100) + body!.slice(1)
          socket.write(Buffer.from(`\xff\xfa,${reply}\xff\xf0`, 'latin1'))
        }
      })
    })
    const relay = await start({ connector: `telnet(rfc2217),tcp,127.0.0.1,${far}` })
    const link = await open(`rfc2217://127.0.0.1:${relay.tcpPort}`, { dtr: 'on', rts: 'off' })
    expect(seen.slice(-2)).toEqual(['0508', '050c'])
    expect(await link.setSignals({ dtr: false, rts: true })).toBe(true)
    expect(seen.slice(-2)).toEqual(['0509', '050b'])
    // 115200 baud, 8 data bits, no parity, one stop bit, no flow control, both buffers emptied.
    expect(seen.slice(0, 6)).toEqual(['010001c200', '0208', '0301', '0401', '0501', '0c03'])

    const pty = await start()
    expect(await (await open(`rfc2217://127.0.0.1:${pty.tcpPort}`)).setSignals({ dtr: true })).toBe(false)
  })

  it.each(['rfc2217', 'telnet', 'tcp'])(
    'reports to a second %s:// client that the port is in use',
    async (scheme) => {
      const accepter = { rfc2217: 'telnet(rfc2217),tcp', telnet: 'telnet,tcp', tcp: 'tcp' }[scheme]!
      const server = await start({ accepter })
      await open(`${scheme}://127.0.0.1:${server.tcpPort}`)
      await expect(open(`${scheme}://127.0.0.1:${server.tcpPort}`)).rejects.toMatchObject({
        code: 'board.busy',
        message: expect.stringContaining('Port already in use'),
        hint: expect.stringContaining('kickolduser')
      })
    }
  )

  it('says that the device behind the server is missing', async () => {
    const server = await start({ connector: 'serialdev,/dev/does-not-exist,local' })
    await expect(open(`rfc2217://127.0.0.1:${server.tcpPort}`)).rejects.toMatchObject({
      code: 'board.disconnected',
      message: expect.stringContaining('Device open failure')
    })
  })

  it('without RFC 2217 is recognised', async () => {
    const server = await start({ accepter: 'telnet,tcp' })
    await expect(open(`rfc2217://127.0.0.1:${server.tcpPort}`)).rejects.toMatchObject({
      code: 'board.refused',
      hint: expect.stringContaining('telnet(rfc2217)')
    })
  })

  it('gets requests while nothing arrives, and a frozen one ends the link', async () => {
    const server = await start()
    const link = await open(`rfc2217://127.0.0.1:${server.tcpPort}`, {
      probeEveryMs: 30,
      probeReplyMs: 3_000
    })
    // The time to connect comes first, then that of a reply.
    const { latencyMs } = link.descriptor
    await until(() => link.closed !== null || link.descriptor.latencyMs !== latencyMs)
    expect(link.closed).toBeNull()
    expect(link.descriptor.latencyMs).toBeGreaterThan(0)
    const end = ended(link)
    server.child.kill('SIGSTOP')
    expect(await end).toBe('the server stopped replying')
  })
})

if (!(hasTool('ser2net') && hasTool('socat')))
  sayskip('consoles behind ser2net', hasTool('socat') ? 'ser2net' : 'socat')
