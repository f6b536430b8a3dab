import { createRandom } from '@core/math/random'
import { readNetworkAddress } from '@core/board/network/address'
import { openNetworkLink } from '@main/board/links/network/networkLink'
import { type ConsoleServer, startSer2net, startSocatBridge } from '../support/consoleServers'
import { hasTool, sayskip } from '../support/ptyPair'
import { describeLink, type LinkSuite, type LinkUnderTest, ptyMaxInFlight } from './linkSuite'

const ask = new TextEncoder().encode('hello, board\r\n')
const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

/** All byte values, and what telnet has to escape above all: 255, CR, CR LF, CR NUL. */
const pattern = (length: number): Uint8Array => {
  const random = createRandom(length)
  const special = [255, 255, 13, 10, 13, 0, 13, 13, 240, 250]
  return Uint8Array.from({ length }, (_, index) =>
    index % 50 < special.length ? special[index % 50]! : random.integer(256)
  )
}
const echoing: Pick<LinkSuite, 'ask' | 'isAnswer' | 'stream'> = {
  ask,
  isAnswer: (received) => equal(received, ask),
  stream: {
    ask: pattern,
    isAnswer: (received, length) => equal(received, pattern(length)),
    lengths: [1, 255, 4_097, 20_000],
    maxInFlight: ptyMaxInFlight
  }
}

async function open(
  scheme: string,
  start: () => Promise<ConsoleServer>,
  unplug: (server: ConsoleServer) => Promise<void>
): Promise<LinkUnderTest> {
  const server = await start()
  const address = readNetworkAddress(`${scheme}://127.0.0.1:${server.tcpPort}`)!
  const link = await openNetworkLink({ address, baudRate: 115_200 })
  return { link, unplug: () => unplug(server), release: () => server.stop() }
}

const kill = async (server: ConsoleServer): Promise<void> => void server.child.kill('SIGKILL')

if (hasTool('socat') && hasTool('ser2net')) {
  describeLink({
    ...echoing,
    name: 'rfc2217:// to ser2net',
    open: () => open('rfc2217', startSer2net, (server) => server.unplugDevice())
  })
  describeLink({
    ...echoing,
    name: 'telnet:// to ser2net',
    open: () => open('telnet', () => startSer2net({ accepter: 'telnet,tcp(nodelay)' }), kill)
  })
  describeLink({
    ...echoing,
    name: 'tcp:// to ser2net',
    open: () => open('tcp', () => startSer2net({ accepter: 'tcp(nodelay)' }), kill)
  })
} else {
  sayskip('links to ser2net', hasTool('socat') ? 'ser2net' : 'socat')
}

if (hasTool('socat')) {
  describeLink({
    ...echoing,
    name: 'tcp:// to socat',
    open: () => open('tcp', startSocatBridge, kill)
  })
} else {
  sayskip('tcp:// to socat', 'socat')
}
