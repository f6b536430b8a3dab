import { createRandom } from '@core/math/random'
import { createFaultLink } from '@main/board/links/faultLink'
import { createPacedLink } from '@main/board/links/pacedLink'
import { openSerialLink } from '@main/board/links/serialLink'
import { createEchoLink } from '../support/memoryLink'
import { createPtyPair, hasTool, sayskip } from '../support/ptyPair'
import { describeLink, type LinkSuite, ptyMaxInFlight } from './linkSuite'

const ask = new TextEncoder().encode('hello, board')
const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at])
const pattern = (length: number): Uint8Array => {
  const random = createRandom(length)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const echoing: Pick<LinkSuite, 'ask' | 'isAnswer' | 'stream'> = {
  ask,
  isAnswer: (received) => equal(received, ask),
  stream: {
    ask: pattern,
    isAnswer: (received, length) => equal(received, pattern(length)),
    lengths: [1, 255, 4_097, 20_000]
  }
}

describeLink({
  ...echoing,
  name: 'memory',
  async open() {
    const { link, peer } = createEchoLink()
    return { link, unplug: async () => peer.unplug() }
  }
})

describeLink({
  ...echoing,
  name: 'paced at 921600 baud',
  async open() {
    const { link, peer } = createEchoLink()
    return { link: createPacedLink(link, 921_600), unplug: async () => peer.unplug() }
  }
})

describeLink({
  ...echoing,
  name: 'fault link without faults',
  async open() {
    const { link, peer } = createEchoLink()
    return { link: createFaultLink(link, { seed: 1 }), unplug: async () => peer.unplug() }
  }
})

if (hasTool('socat')) {
  describeLink({
    ...echoing,
    stream: { ...echoing.stream!, maxInFlight: ptyMaxInFlight },
    name: 'serialport on a pty',
    async open() {
      const pair = await createPtyPair()
      const far = await openSerialLink({ port: pair.peer, baudRate: 115_200 })
      far.onData((bytes) => void far.write(bytes).catch(() => undefined))
      const link = await openSerialLink({ port: pair.port, baudRate: 115_200 })
      return {
        link,
        unplug: () => pair.unplug(),
        async release() {
          await far.close()
          await pair.unplug()
        }
      }
    }
  })
} else {
  sayskip('serialport on a pty', 'socat')
}
