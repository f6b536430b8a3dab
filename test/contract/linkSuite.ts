import { afterEach, describe, expect, it } from 'vitest'
import type { Link } from '@main/board/links/link'
import { until } from '../support/until'

/** One kind of link under test. `ask` makes the far end answer with bytes that `isAnswer` recognises. */
export interface LinkUnderTest {
  link: Link
  /** Breaks the connection from the far side; absent where that cannot be done. */
  unplug?: () => Promise<void>
  /** Frees what the test made beside the link. */
  release?: () => Promise<void>
}

export interface LinkSuite {
  name: string
  open(): Promise<LinkUnderTest>
  ask: Uint8Array
  isAnswer(received: Uint8Array): boolean
  /** A request whose answer holds exactly these many bytes of the given seed, for the order and loss test. */
  stream?: {
    ask(length: number): Uint8Array
    isAnswer(received: Uint8Array, length: number): boolean
    lengths: number[]
    /** Greatest number of bytes sent and not yet echoed; default: all of them. */
    maxInFlight?: number
  }
}

/**
 * For echoes through Linux ptys. With more than 4,095 bytes on the way the kernel (6.18.44) now and then keeps the rest until
 * the next byte is written: one stop in 70 to 800 transfers of 20,000 bytes, none lost, and none in 5,100 with 1,024.
 */
export const ptyMaxInFlight = 1_024

/** What every link promises, whatever is behind it. */
export function describeLink(suite: LinkSuite): void {
  describe(`link: ${suite.name}`, () => {
    const opened: LinkUnderTest[] = []
    const open = async (): Promise<LinkUnderTest> => {
      const made = await suite.open()
      opened.push(made)
      return made
    }
    afterEach(async () => {
      for (const made of opened.splice(0)) {
        await made.link.close()
        await made.release?.()
      }
    })

    it('carries bytes both ways', async () => {
      const { link } = await open()
      const answer = collect(link, suite.isAnswer)
      await link.write(suite.ask)
      await answer
      expect(link.closed).toBeNull()
    })

    it('keeps long transfers whole and in order', async () => {
      const { link } = await open()
      for (const length of suite.stream?.lengths ?? []) {
        const answer = collect(link, (received) => suite.stream!.isAnswer(received, length))
        await writeWithin(suite.stream!.maxInFlight ?? Infinity, link, suite.stream!.ask(length))
        expect(suite.stream!.isAnswer(await answer, length)).toBe(true)
      }
      expect(suite.stream?.lengths.length ?? 0).toBeGreaterThan(0)
    })

    it('hands no bytes to a listener that left', async () => {
      const { link } = await open()
      // What came before the first listener is kept for it: a banner is taken here.
      link.onData(() => undefined)()
      let heard = 0
      const leave = link.onData((bytes) => (heard += bytes.length))
      leave()
      const answer = collect(link, suite.isAnswer)
      await link.write(suite.ask)
      await answer
      expect(heard).toBe(0)
    })

    it('tells its end once and refuses writes afterwards', async () => {
      const { link } = await open()
      const reasons: string[] = []
      link.onClose((reason) => reasons.push(reason.kind))
      await link.close()
      await link.close()
      expect(reasons).toEqual(['asked'])
      expect(link.closed).toMatchObject({ kind: 'asked' })
      await expect(link.write(suite.ask)).rejects.toMatchObject({ code: 'board.disconnected' })
      const late = await new Promise((resolve) => link.onClose((reason) => resolve(reason.kind)))
      expect(late).toBe('asked')
    })

    it('takes a speed and modem lines without complaint', async () => {
      const { link } = await open()
      await link.setBaud(115_200)
      expect(typeof (await link.setSignals({ dtr: true, rts: true }))).toBe('boolean')
      const answer = collect(link, suite.isAnswer)
      await link.write(suite.ask)
      await answer
    })

    it('notices that the far end is gone', async () => {
      const { link, unplug } = await open()
      if (unplug === undefined) {
        // The kinds without a far end of their own end only by close(), which the test above covers.
        expect(['virtual', 'memory']).toContain(link.descriptor.kind)
        return
      }
      const ended = new Promise<string>((resolve) => link.onClose((reason) => resolve(reason.kind)))
      await unplug()
      expect(['unplugged', 'ended']).toContain(await ended)
      await expect(link.write(suite.ask)).rejects.toMatchObject({ code: 'board.disconnected' })
    })

    it('can be opened again and again without leaving anything behind', async () => {
      const first = await open()
      await first.link.close()
      await first.release?.()
      await settle()
      const before = process.getActiveResourcesInfo().length
      for (let round = 0; round < 4; round++) {
        const made = await suite.open()
        const answer = collect(made.link, suite.isAnswer)
        await made.link.write(suite.ask)
        await answer
        await made.link.close()
        await made.release?.()
      }
      await until(() => process.getActiveResourcesInfo().length <= before + 1)
    })
  })
}

/** Writes to a link that echoes, in pieces, with at most `maxInFlight` bytes sent and not yet echoed. */
async function writeWithin(maxInFlight: number, link: Link, bytes: Uint8Array): Promise<void> {
  let echoed = 0
  const leave = link.onData((more) => (echoed += more.length))
  const step = Math.min(bytes.length, maxInFlight / 2)
  for (let sent = 0; sent < bytes.length; sent += step) {
    while (sent + step - echoed > maxInFlight && link.closed === null)
      await new Promise((resolve) => setTimeout(resolve, 1))
    await link.write(bytes.subarray(sent, sent + step))
  }
  leave()
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60))

/** Everything received until it satisfies `isEnough`; rejects after fifty seconds with what came. */
export async function collect(link: Link, isEnough: (received: Uint8Array) => boolean): Promise<Uint8Array> {
  let received = new Uint8Array(0)
  let leave: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `only got ${received.length} bytes: ${Buffer.from(received.slice(0, 200)).toString('latin1')}`
            )
          ),
        50_000
      )
      leave = link.onData((bytes) => {
        const joined = new Uint8Array(received.length + bytes.length)
        joined.set(received)
        joined.set(bytes, received.length)
        received = joined
        if (isEnough(received)) resolve(received)
      })
    })
  } finally {
    clearTimeout(timer)
    leave()
  }
}
