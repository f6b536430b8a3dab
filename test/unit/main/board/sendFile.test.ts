import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBoardConnection } from '@main/board/boardConnection'
import type { Held } from '@main/board/boardRegistry'
import { createConsoleLog } from '@main/board/consoleLog'
import { piecesOf, startSendFile } from '@main/board/load/sendFileJob'
import { createJobService } from '@main/jobs/jobService'
import { portSettingsSchema } from '@shared/contract/board'
import { createMemoryLink, type MemoryPeer } from '../../../support/memoryLink'

let peer: MemoryPeer
let held: Held
let closing: () => Promise<void>
const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job${ids++}` })
let ids = 0

beforeEach(async () => {
  const console = createConsoleLog({ nowMs: () => 0, onBatch: () => undefined })
  const made = createMemoryLink()
  peer = made.peer
  const connection = createBoardConnection({
    id: 'board',
    open: async () => made.link,
    console,
    nonce: () => 1,
    changed: () => undefined
  })
  await connection.connect({ ...portSettingsSchema.parse({}), reconnect: false }, false)
  held = { entry: { id: 'board' } as Held['entry'], connection, console }
  closing = async () => {
    await connection.disconnect()
    console.close()
  }
})
afterEach(() => closing())

const file = (bytes: Uint8Array) => ({ name: 'script.txt', base64: Buffer.from(bytes).toString('base64') })
const send = async (bytes: Uint8Array, linePauseMs = 0): Promise<void> => {
  const { jobId } = await startSendFile(held, { file: file(bytes), linePauseMs }, jobs)
  await jobs.idle()
  const { state, error } = jobs.list().find(({ id }) => id === jobId)!
  if (state !== 'done') throw Object.assign(new Error(state), { state, error })
}
const shown = (direction: string): string =>
  held.console
    .after(0)
    .filter((chunk) => chunk.direction === direction)
    .map(({ hex }) => hex)
    .join('')

describe('a file over the console', () => {
  it('arrives byte for byte, and what comes back while it is sent is shown', async () => {
    const bytes = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 7) & 0xff)
    // The echo comes in the middle of the write, before it has settled.
    peer.onBytes = (piece) => peer.send(Uint8Array.of(65, piece.length & 0xff))
    await send(bytes)
    expect(Buffer.compare(peer.take(), bytes)).toBe(0)
    expect(shown('sent')).toBe(Buffer.from(bytes).toString('hex'))
    // Eleven pieces of 256 bytes and one of 184.
    expect(shown('received')).toBe(`${'4100'.repeat(11)}41b8`)
  })

  it('holds the lease meanwhile, and frees it', async () => {
    const seen: (string | null)[] = []
    peer.onBytes = () => seen.push(held.connection.leasedBy)
    await send(Uint8Array.of(1))
    expect(seen).toEqual(['sending of script.txt'])
    expect(held.connection.leasedBy).toBeNull()
  })

  it('ends with the reason when the board goes away', async () => {
    peer.onBytes = () => peer.unplug()
    await expect(send(new Uint8Array(1_000))).rejects.toMatchObject({
      state: 'failed',
      error: { code: 'board.disconnected' }
    })
  })

  it('stops at a cancel, in the middle of a pause too', async () => {
    const lines = new TextEncoder().encode('one\ntwo\nthree\n')
    const written = new Promise<void>((resolve) => (peer.onBytes = () => resolve()))
    const { jobId } = await startSendFile(held, { file: file(lines), linePauseMs: 60_000 }, jobs)
    await written
    await jobs.cancel(jobId)
    await jobs.idle()
    expect(jobs.list().find(({ id }) => id === jobId)!.state).toBe('cancelled')
    expect(Buffer.from(peer.take()).toString()).toBe('one\n')
  })

  it('is refused when it is empty', async () => {
    await expect(
      startSendFile(held, { file: file(new Uint8Array(0)), linePauseMs: 0 }, jobs)
    ).rejects.toMatchObject({ code: 'input.invalid' })
  })
})

describe('pieces', () => {
  const texts = (text: string, byLines: boolean): string[] =>
    [...piecesOf(new TextEncoder().encode(text), byLines)].map((piece) => new TextDecoder().decode(piece))

  it('end at line ends with byLines, and after 256 bytes always', () => {
    expect(texts('a\n\nbc\nd', true)).toEqual(['a\n', '\n', 'bc\n', 'd'])
    expect(texts('a\n\nbc\nd', false)).toEqual(['a\n\nbc\nd'])
    expect(texts('x'.repeat(600), true).map(({ length }) => length)).toEqual([256, 256, 88])
  })
})
