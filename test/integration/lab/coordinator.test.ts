import { mkdtempSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLocalClient, type LocalClient } from '@main/cli/framework/localClient'
import { composeBitbench, type Bitbench } from '@main/compose'
import { createLabService, type LabService } from '@main/lab/labService'
import { AppError } from '@shared/errors'
import { startFakeCoordinator } from '../../support/lab/fakeCoordinator'
import type { LabServer } from '../../support/lab/labServer'
import { hasRealCoordinator, startRealCoordinator } from '../../support/lab/realCoordinator'
import { sayskip } from '../../support/ptyPair'
import { until } from '../../support/until'

/** One suite for the coordinator of the tests and, where labgrid is installed, for labgrid's own with its exporter and client. */
const isReal = hasRealCoordinator()
if (!isReal) sayskip("labgrid's own coordinator", 'labgrid 24 or newer')
const coordinators = [
  ['of the tests', startFakeCoordinator],
  ...(isReal ? [['of labgrid', startRealCoordinator] as const] : [])
] as const

const me = 'desk/me'
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function newFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-lab-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const refused = async (promise: Promise<unknown>): Promise<AppError> =>
  await promise.then(
    () => expect.unreachable('it was not refused'),
    (reason: unknown) => AppError.from(reason)
  )

describe.each(coordinators)('a coordinator %s', (_name, start) => {
  let lab: LabServer
  beforeAll(async () => {
    lab = await start()
  }, 300_000)
  afterAll(() => lab.stop())

  function service(self = me, folder = newFolder()): LabService & { log: string[] } {
    const log: string[] = []
    const opened = createLabService({
      ...{ dataFolder: folder, self, version: 'test', nowMs: Date.now },
      emit: () => undefined,
      log: (line) => void log.push(line)
    })
    cleanups.push(() => opened.close())
    return Object.assign(opened, { log })
  }
  async function connected(self = me, folder = newFolder()) {
    const opened = service(self, folder)
    await opened.handlers['lab.connect']({ coordinator: lab.address }, noSignal)
    return opened
  }
  const noSignal = { signal: new AbortController().signal }
  const statusOf = (of: LabService) => of.handlers['lab.status']({}, noSignal)
  const placeOf = async (of: LabService, name: string) =>
    (await statusOf(of)).places.find((place) => place.name === name)!

  it('lists places with their lines, holders and for how long', async () => {
    const folder = newFolder()
    const own = await connected(me, folder)
    expect(statSync(path.join(folder, 'lab.json')).mode & 0o777).toBe(0o600)
    const { places, ...rest } = await statusOf(own)
    expect(rest).toEqual({ coordinator: lab.address, kept: true, problem: null, self: me })
    expect(places.map(({ name, state, lines }) => [name, state, lines.map(({ port }) => port)])).toEqual([
      ['empty', 'free', []],
      ['rack1', 'free', ['labgrid://rack1']],
      ['rack2', 'free', ['labgrid://rack2/a', 'labgrid://rack2/b']]
    ])
    expect(places[1]!.lines[0]).toMatchObject({ address: null, baudRate: 115_200, isAvailable: true })
    expect(places[2]!.lines[0]!.address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    await lab.acquireAs('other/you', 'rack1')
    cleanups.push(() => lab.kick('rack1'))
    await until(async () => (await placeOf(own, 'rack1')).state === 'held')
    const held = await placeOf(own, 'rack1')
    expect(held.holder).toBe('other/you')
    expect(held.heldMs).toBeLessThan(60_000)
  }, 300_000)

  it('gives a place to one, shows it as held to others, and gets it back', async () => {
    const own = await connected()
    const other = await connected('other/you')
    const line = await own.holdLine('labgrid://first')
    expect(line!.address).toMatch(/^(tcp|rfc2217):\/\/127\.0\.0\.1:\d+$/)
    expect(await lab.holderOf('rack1')).toBe(me)
    expect((await placeOf(own, 'rack1')).state).toBe('here')
    const refusal = await refused(other.holdLine('labgrid://rack1'))
    expect(refusal).toMatchObject({ code: 'board.busy', details: { place: 'rack1', holder: me } })
    expect(refusal.hint).toContain(`bitbench lab release rack1 --holder ${me}`)
    // A board that is in use here is not released behind its back.
    expect((await refused(own.handlers['lab.release']({ place: 'rack1', holder: me }, noSignal))).code).toBe(
      'board.busy'
    )
    await line!.release()
    await line!.release()
    expect(await lab.holderOf('rack1')).toBeNull()
    await until(async () => (await placeOf(other, 'rack1')).state === 'free')
  }, 300_000)

  it('keeps a place until the last of its lines is given back', async () => {
    const own = await connected()
    const a = await own.holdLine('labgrid://rack2/a')
    const b = await own.holdLine('labgrid://rack2/b')
    await a!.release()
    expect(await lab.holderOf('rack2')).toBe(me)
    await b!.release()
    expect(await lab.holderOf('rack2')).toBeNull()
  }, 300_000)

  it('gives both lines of a place to two that want them at once, and a freed place at once again', async () => {
    const own = await connected()
    const both = await Promise.all(['a', 'b'].map((name) => own.holdLine(`labgrid://rack2/${name}`)))
    expect(await lab.holderOf('rack2')).toBe(me)
    await Promise.all(both.map((line) => line!.release()))
    expect(await lab.holderOf('rack2')).toBeNull()
    const line = await own.holdLine('labgrid://rack1')
    const given = line!.release()
    const again = await own.holdLine('labgrid://rack1')
    await given
    expect(await lab.holderOf('rack1')).toBe(me)
    await again!.release()
  }, 300_000)

  it('is left for good: what is given back because of that does not connect again', async () => {
    const own = await connected()
    const line = await own.holdLine('labgrid://rack1')
    line!.onLost(() => void line!.release())
    await own.close()
    await line!.release()
    expect(await lab.holderOf('rack1')).toBeNull()
    expect((await statusOf(own)).problem?.code).toBe('lab.unreachable')
  }, 300_000)

  it('is told of a place that its holder left behind, and releases it only from that holder', async () => {
    const own = await connected()
    await lab.acquireAs(me, 'rack1')
    cleanups.push(async () => {
      if ((await lab.holderOf('rack1')) !== null) await lab.kick('rack1')
    })
    await until(async () => (await placeOf(own, 'rack1')).state === 'left')
    expect((await refused(own.holdLine('labgrid://rack1'))).message).toContain('not by this Bitbench')
    await lab.kick('rack1')
    await lab.acquireAs('other/you', 'rack1')
    // Another one holds it by now: it keeps it, and the call says so.
    await own.handlers['lab.release']({ place: 'rack1', holder: me }, noSignal)
    expect(await lab.holderOf('rack1')).toBe('other/you')
    await until(async () => (await placeOf(own, 'rack1')).holder === 'other/you')
    await own.handlers['lab.release']({ place: 'rack1', holder: 'other/you' }, noSignal)
    expect(await lab.holderOf('rack1')).toBeNull()
  }, 300_000)

  it('refuses what it does not have, and gives back a place whose line cannot be chosen', async () => {
    const own = await connected()
    expect((await refused(own.holdLine('labgrid://rack9'))).hint).toBe('There are: empty, rack1, rack2.')
    expect((await refused(own.holdLine('labgrid://empty'))).code).toBe('input.notFound')
    expect((await refused(own.holdLine('labgrid://rack2'))).hint).toBe(
      'Choose: labgrid://rack2/a, labgrid://rack2/b.'
    )
    expect((await refused(own.holdLine('labgrid://rack2/c'))).code).toBe('input.notFound')
    expect((await refused(own.holdLine('labgrid://a/b/c'))).code).toBe('input.invalid')
    expect(await own.holdLine('tcp://127.0.0.1:1')).toBeNull()
    for (const place of ['empty', 'rack2']) expect(await lab.holderOf(place)).toBeNull()
  }, 300_000)

  it('reports a place that was taken away', async () => {
    const own = await connected()
    const line = await own.holdLine('labgrid://rack1')
    const lost: string[] = []
    line!.onLost((why) => lost.push(why))
    await lab.kick('rack1')
    await until(() => lost.length > 0)
    expect(lost).toEqual(['the place was released elsewhere'])
    await line!.release()
  }, 300_000)

  it('may be gone for a while: what is held is held again and given back afterwards', async () => {
    const own = await connected()
    const line = await own.holdLine('labgrid://rack2/a')
    const lost: string[] = []
    line!.onLost((why) => lost.push(why))
    await lab.halt()
    const down = await statusOf(own)
    expect(down.problem?.code).toBe('lab.unreachable')
    expect(down.places).toEqual([])
    await lab.restart()
    await until(async () => (await statusOf(own)).problem === null)
    // It may have forgotten the holder: the place is acquired again.
    await until(async () => (await lab.holderOf('rack2')) === me)
    expect(lost).toEqual([])
    await line!.release()
    expect(await lab.holderOf('rack2')).toBeNull()
  }, 300_000)

  describe('in a whole Bitbench', () => {
    let bitbench: Bitbench
    let client: LocalClient
    async function open(): Promise<void> {
      const folder = newFolder()
      bitbench = await composeBitbench({ host: 'cli', dataFolder: folder, log: () => undefined })
      client = createLocalClient(bitbench, new AbortController().signal)
      await client.call('lab.connect', { coordinator: lab.address })
    }

    it('connects a board by its place, passes bytes, and frees the place with the board', async () => {
      await open()
      const id = 'labgrid://rack1'
      let received = ''
      bitbench.events.listen(({ event, payload }) => {
        if (event !== 'board.consoleText') return
        for (const { direction, text } of (payload as { chunks: { direction: string; text: string }[] })
          .chunks)
          if (direction === 'received') received += text
      })
      const { board } = await client.call('board.connect', { id, identify: false })
      expect(board).toMatchObject({ id, state: 'connected' })
      expect(board.description).toContain('labgrid')
      await client.call('board.sendText', { id, text: 'over the lab\n' })
      await until(() => received.includes('over the lab'))
      const [place] = (await client.call('lab.status', {})).places.filter(({ name }) => name === 'rack1')
      expect(place!.state).toBe('here')
      await client.call('board.disconnect', { id })
      await until(async () => (await lab.holderOf('rack1')) === null)
      await client.call('board.connect', { id, identify: false })
      expect(await lab.holderOf('rack1')).not.toBeNull()
      // The end of the process frees it too.
      await bitbench.close()
      expect(await lab.holderOf('rack1')).toBeNull()
    }, 300_000)

    it('ends the connection of a place that was taken away', async () => {
      await open()
      cleanups.push(() => bitbench.close())
      const id = 'labgrid://rack1'
      await client.call('board.connect', { id, identify: false, settings: { reconnect: false } })
      await lab.kick('rack1')
      await until(async () => (await client.call('board.get', { id })).board.state !== 'connected')
    }, 300_000)
  })
})

describe('without a coordinator', () => {
  it('nothing is listed, and a place says how to name one', async () => {
    const own = createLabService({
      ...{ dataFolder: newFolder(), self: me, version: 'test', nowMs: Date.now },
      emit: () => undefined,
      log: () => undefined
    })
    const status = await own.handlers['lab.status']({}, { signal: new AbortController().signal })
    expect(status).toEqual({ coordinator: null, kept: false, problem: null, self: me, places: [] })
    expect((await refused(own.holdLine('labgrid://rack1'))).hint).toContain('bitbench lab use HOST')
  })

  it('one that is not there is an error at once, and is not kept', async () => {
    const folder = newFolder()
    const own = createLabService({
      ...{ dataFolder: folder, self: me, version: 'test', nowMs: Date.now },
      emit: () => undefined,
      log: () => undefined
    })
    const signal = { signal: new AbortController().signal }
    const refusal = await refused(own.handlers['lab.connect']({ coordinator: '127.0.0.1:1' }, signal))
    expect(refusal.code).toBe('lab.unreachable')
    expect((await refused(own.handlers['lab.connect']({ coordinator: 'a b' }, signal))).code).toBe(
      'input.invalid'
    )
    expect((await own.handlers['lab.status']({}, signal)).coordinator).toBeNull()
  })
})
