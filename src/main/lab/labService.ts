import { readCoordinator, readLabBoard } from '../../core/lab/labAddress'
import { findPlace } from '../../core/lab/places'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { labContract, LabStatus } from '../../shared/contract/lab'
import { AppError } from '../../shared/errors'
import { createTurns, type Turns } from '../../shared/turns'
import { acquireAgain, acquirePlace } from './acquirePlace'
import { createLabConnection, type LabConnection } from './labConnection'
import { heldHere, placeNamed } from './labRefusals'
import { openLabSession, type LabSession } from './labSession'
import { readLabSettings, writeLabSettings } from './labSettings'
import { placeView } from './labView'
import { untilSession } from './labWait'
import { lineMs, openedLine, type HeldLabLine } from './openedLine'

/** Boards of a labgrid coordinator. */
export interface LabService {
  readonly handlers: HandlersOf<typeof labContract>
  /**
   * Acquires the place of a board and waits for its serial line; null for a port that is no labgrid:// address.
   * @throws AppError input.invalid, input.notFound, input.unsupported, board.busy, lab.*
   */
  holdLine(port: string): Promise<HeldLabLine | null>
  close(): Promise<void>
}

/** Between two attempts to reach a coordinator again while a place of it is held, ms. */
const retryMs = 2_000

interface Hold {
  users: number
  readonly lost: Set<(why: string) => void>
}

/** Nothing connects before a coordinator is named and its places are requested. */
export function createLabService(deps: {
  dataFolder: string
  /** HOST/USER. */
  self: string
  version: string
  emit: EmitterOf<typeof labContract>
  log: (line: string) => void
  nowMs: () => number
}): LabService {
  return new Lab(deps)
}

class Lab implements LabService {
  private readonly connection: LabConnection
  private readonly holds = new Map<string, Hold>()
  /** Acquiring and giving back, one after the other for each place. */
  private readonly turns = new Map<string, Turns>()
  private isClosed = false
  /** From the loss of the coordinator until the places held here are known again. */
  private isReaching = false
  private retry: NodeJS.Timeout | undefined
  readonly handlers: HandlersOf<typeof labContract> = {
    'lab.status': () => this.status(),
    'lab.connect': async ({ coordinator }) => {
      const address = readCoordinator(coordinator)
      const session = await this.openSession(address)
      session.close()
      await writeLabSettings(this.deps.dataFolder, address)
      await this.leave()
      return await this.status()
    },
    'lab.disconnect': async () => {
      await writeLabSettings(this.deps.dataFolder, null)
      await this.leave()
      return await this.status()
    },
    'lab.release': async ({ place, holder }) => {
      const session = await this.connection.connected()
      const { name } = placeNamed(session, place)
      if (this.holds.has(name)) throw heldHere(name)
      await session.release(name, holder)
      await untilSession(session, () => findPlace(session.places, name)?.acquired !== holder, lineMs)
      return await this.status()
    }
  }

  constructor(private readonly deps: Parameters<typeof createLabService>[0]) {
    this.connection = createLabConnection({
      dataFolder: deps.dataFolder,
      open: (coordinator) => this.openSession(coordinator),
      onOpen: (session) => {
        session.onChange(() => this.changed(session))
        deps.emit('lab.changed', {})
      },
      leave: () => this.leave()
    })
  }

  async holdLine(port: string): Promise<HeldLabLine | null> {
    const board = readLabBoard(port)
    if (board === null) return null
    const session = await this.connection.connected()
    const { name } = placeNamed(session, board.place)
    const hold = await this.turnsOf(name).take(() => this.take(session, name))
    let isReleased = false
    const release = async (): Promise<void> => {
      if (isReleased) return
      isReleased = true
      await this.turnsOf(name).take(() => this.giveBack(name, hold))
    }
    try {
      const line = await openedLine(session, { ...board, place: name })
      return {
        address: line,
        onLost: (listener) => void hold.lost.add(listener),
        release
      }
    } catch (reason) {
      await release()
      throw reason
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.connection.close()
    clearTimeout(this.retry)
    await this.leave()
  }

  private turnsOf(place: string): Turns {
    const turns = this.turns.get(place) ?? createTurns()
    this.turns.set(place, turns)
    return turns
  }

  private openSession(coordinator: string): Promise<LabSession> {
    const { self, version, nowMs } = this.deps
    return openLabSession(coordinator, self, `bitbench ${version}`, nowMs)
  }

  private changed(session: LabSession): void {
    this.deps.emit('lab.changed', {})
    if (session.ended !== null) {
      // Places stay held while the coordinator is gone: the lines themselves do not go through it.
      if (this.holds.size > 0) this.reachAgain()
      return
    }
    if (!this.isReaching) this.checkHolds(session)
  }

  private checkHolds(session: LabSession): void {
    for (const [name, hold] of [...this.holds]) {
      const holder = findPlace(session.places, name)?.acquired ?? null
      if (holder === this.deps.self || hold.users === 0) continue
      this.holds.delete(name)
      const why = holder === null ? 'the place was released elsewhere' : `${holder} has the place`
      for (const listener of hold.lost) listener(why)
    }
  }

  private reachAgain(): void {
    clearTimeout(this.retry)
    // Nothing is held any more: the next use of the lab connects.
    this.isReaching = !this.isClosed && this.holds.size > 0
    if (!this.isReaching) return
    this.retry = setTimeout(() => {
      if (this.holds.size === 0) return this.reachAgain()
      this.connection.connected().then(
        async (session) => {
          await acquireAgain(session, () => [...this.holds.keys()], this.deps.log)
          // It ended again: that has set the next attempt.
          if (session.ended !== null) return
          this.isReaching = false
          this.checkHolds(session)
        },
        () => this.reachAgain()
      )
    }, retryMs)
    this.retry.unref()
  }

  private async take(session: LabSession, name: string): Promise<Hold> {
    const known = this.holds.get(name)
    if (known !== undefined) {
      known.users++
      return known
    }
    const { self } = this.deps
    await acquirePlace(session, name, { self, nowMs: this.deps.nowMs() })
    try {
      // Until the coordinator has sent the change, the place would look as if another one had taken it away.
      await untilSession(session, () => findPlace(session.places, name)?.acquired === self, lineMs)
    } catch (reason) {
      await this.free(name)
      throw reason
    }
    const hold: Hold = { users: 1, lost: new Set() }
    this.holds.set(name, hold)
    return hold
  }

  private async giveBack(name: string, hold: Hold): Promise<void> {
    if (--hold.users > 0 || this.holds.get(name) !== hold) return
    this.holds.delete(name)
    await this.free(name)
  }

  private async free(name: string): Promise<void> {
    const { self } = this.deps
    try {
      const session = await this.connection.connected()
      await session.release(name, self)
      // Until this is reported, the next use of the place would find it held.
      const isFree = (): boolean => findPlace(session.places, name)?.acquired !== self
      await untilSession(session, isFree, lineMs).catch(() => undefined)
    } catch (reason) {
      const { message } = AppError.from(reason)
      this.deps.log(`The place ${name} could not be given back and stays held: ${message}`)
    }
  }

  private async status(): Promise<LabStatus> {
    const { dataFolder, self, nowMs } = this.deps
    const settings = await readLabSettings(dataFolder)
    const none = { self, problem: null, places: [] }
    if (settings === null) return { ...none, coordinator: null, kept: false }
    try {
      const session = await this.connection.connected()
      const places = session.places.map((place) =>
        placeView(place, session, { self, isHeldHere: this.holds.has(place.name), nowMs: nowMs() })
      )
      places.sort((a, b) => a.name.localeCompare(b.name))
      return { ...none, ...settings, places }
    } catch (reason) {
      return { ...none, ...settings, problem: AppError.from(reason).toJSON() }
    }
  }

  /** Gives back what is held and ends the session. */
  private async leave(): Promise<void> {
    const opening = this.connection.present()
    const session = await opening?.session.catch(() => undefined)
    if (session !== undefined && session.ended === null)
      for (const name of [...this.holds.keys()])
        await session.release(name, this.deps.self).catch(() => undefined)
    const left = [...this.holds.values()]
    // First: a listener gives its line back, which must not connect again.
    this.holds.clear()
    for (const hold of left) for (const listener of hold.lost) listener('the coordinator was left')
    this.connection.drop(opening)
    session?.close()
  }
}
