import { labBoardText, readCoordinator, readLabBoard, type LabBoard } from '../../core/lab/labAddress'
import { findPlace, linesOfPlace, type LabLine, type LabPlace } from '../../core/lab/places'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { labContract, LabPlaceInfo, LabStatus } from '../../shared/contract/lab'
import { AppError } from '../../shared/errors'
import { createTurns, type Turns } from '../../shared/turns'
import {
  behindProxy,
  chooseLine,
  heldHere,
  lineClosed,
  notReported,
  placeHeld,
  placeNamed
} from './labRefusals'
import { openLabSession, unreachable, type LabSession } from './labSession'
import { readLabSettings, writeLabSettings } from './labSettings'

/** A serial line whose place is held. */
export interface HeldLabLine {
  /** `rfc2217://HOST:PORT` or `tcp://HOST:PORT`. */
  readonly address: string
  /** Called once when the place is no longer held without having been released here. */
  onLost(listener: (why: string) => void): void
  /** Gives the place back once no line of it is in use here. Idempotent. */
  release(): Promise<void>
}

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

/** Longest time until the exporter has opened the line of an acquired place, ms. */
const lineMs = 15_000
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
  private opening: { coordinator: string; session: Promise<LabSession> } | undefined
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
      const session = await this.open(address)
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
      const session = await this.connected()
      const { name } = placeNamed(session, place)
      if (this.holds.has(name)) throw heldHere(name)
      await session.release(name, holder)
      await this.until(session, () => findPlace(session.places, name)?.acquired !== holder, lineMs)
      return await this.status()
    }
  }

  constructor(private readonly deps: Parameters<typeof createLabService>[0]) {}

  async holdLine(port: string): Promise<HeldLabLine | null> {
    const board = readLabBoard(port)
    if (board === null) return null
    const session = await this.connected()
    const { name } = placeNamed(session, board.place)
    const hold = await this.turnsOf(name).take(() => this.take(session, name))
    let isReleased = false
    const release = async (): Promise<void> => {
      if (isReleased) return
      isReleased = true
      await this.turnsOf(name).take(() => this.giveBack(name, hold))
    }
    try {
      const line = await this.line(session, { ...board, place: name })
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
    clearTimeout(this.retry)
    await this.leave()
  }

  private turnsOf(place: string): Turns {
    const turns = this.turns.get(place) ?? createTurns()
    this.turns.set(place, turns)
    return turns
  }

  private open(coordinator: string): Promise<LabSession> {
    const { self, version, nowMs } = this.deps
    return openLabSession(coordinator, self, `bitbench ${version}`, nowMs)
  }

  /** @throws AppError input.notFound where no coordinator is named, lab.unreachable */
  private async connected(): Promise<LabSession> {
    const settings = await readLabSettings(this.deps.dataFolder)
    if (settings === null)
      throw new AppError(
        'input.notFound',
        'No labgrid coordinator is named.',
        'Name it with "bitbench lab use HOST", on the page Boards, or with LG_COORDINATOR.'
      )
    const { coordinator } = settings
    if (this.opening !== undefined && this.opening.coordinator !== coordinator) await this.leave()
    const last = this.opening
    const before = await last?.session.catch(() => undefined)
    if (before !== undefined && before.ended === null) return before
    // Another call may have begun to open a session meanwhile: a second one would never be closed.
    if (this.opening !== last && this.opening?.coordinator === coordinator) return await this.opening.session
    if (this.isClosed) throw unreachable(coordinator, 'this Bitbench is closing')
    const session = this.opened(coordinator)
    this.opening = { coordinator, session }
    return await session
  }

  private async opened(coordinator: string): Promise<LabSession> {
    const session = await this.open(coordinator)
    session.onChange(() => this.changed(session))
    this.deps.emit('lab.changed', {})
    return session
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

  /** A coordinator writes its places every 15 s: one that was restarted may have forgotten who held them. */
  private async takeAgain(session: LabSession): Promise<void> {
    for (const name of this.holds.keys())
      if (findPlace(session.places, name)?.acquired === null)
        await session.acquire(name).catch((reason: unknown) => this.deps.log(AppError.from(reason).message))
    await this.until(session, () => this.isEveryHoldReported(session), lineMs).catch(() => undefined)
  }

  private isEveryHoldReported(session: LabSession): boolean {
    return [...this.holds.keys()].every((name) => findPlace(session.places, name)?.acquired != null)
  }

  private reachAgain(): void {
    clearTimeout(this.retry)
    // Nothing is held any more: the next use of the lab connects.
    this.isReaching = !this.isClosed && this.holds.size > 0
    if (!this.isReaching) return
    this.retry = setTimeout(() => {
      if (this.holds.size === 0) return this.reachAgain()
      this.connected().then(
        async (session) => {
          await this.takeAgain(session)
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
    const before = placeNamed(session, name)
    if (before.acquired !== null) throw placeHeld(before, self, this.deps.nowMs())
    try {
      await session.acquire(name)
    } catch (reason) {
      const now = findPlace(session.places, name)
      if (AppError.from(reason).code === 'board.busy' && now?.acquired != null)
        throw placeHeld(now, self, this.deps.nowMs())
      throw reason
    }
    try {
      // Until the coordinator has sent the change, the place would look as if another one had taken it away.
      await this.until(session, () => findPlace(session.places, name)?.acquired === self, lineMs)
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
      const session = await this.connected()
      await session.release(name, self)
      // Until this is reported, the next use of the place would find it held.
      const isFree = (): boolean => findPlace(session.places, name)?.acquired !== self
      await this.until(session, isFree, lineMs).catch(() => undefined)
    } catch (reason) {
      const { message } = AppError.from(reason)
      this.deps.log(`The place ${name} could not be given back and stays held: ${message}`)
    }
  }

  /** The address of a line of a held place. */
  private async line(session: LabSession, board: LabBoard): Promise<string> {
    const lines = (): LabLine[] => linesOfPlace(placeNamed(session, board.place), session.resources)
    const chosen = (): LabLine => chooseLine(lines(), board)
    chosen()
    const isOpen = (): boolean => chosen().address !== null && chosen().isAvailable
    await this.until(session, isOpen, lineMs, () => lineClosed(board.place, lineMs))
    const { address, proxy } = chosen()
    if (proxy !== null) throw behindProxy(board.place, address!, proxy)
    return address!
  }

  /** Waits for a state of the session. @throws AppError lab.unreachable when it ends; `late` when time is up */
  private until(
    session: LabSession,
    isSo: () => boolean,
    limitMs: number,
    late: () => AppError = notReported
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop = (): void => undefined
      const look = (): void => {
        try {
          if (isSo()) resolve()
          else if (session.ended !== null) reject(session.ended)
          else return
        } catch (reason) {
          reject(AppError.from(reason))
        }
        stop()
      }
      const timer = setTimeout(() => {
        reject(late())
        stop()
      }, limitMs)
      const unlisten = session.onChange(look)
      stop = () => {
        clearTimeout(timer)
        unlisten()
      }
      look()
    })
  }

  private async status(): Promise<LabStatus> {
    const { dataFolder, self, nowMs } = this.deps
    const settings = await readLabSettings(dataFolder)
    const none = { self, problem: null, places: [] }
    if (settings === null) return { ...none, coordinator: null, kept: false }
    try {
      const session = await this.connected()
      const places = session.places.map((place) => this.view(place, session, nowMs()))
      places.sort((a, b) => a.name.localeCompare(b.name))
      return { ...none, ...settings, places }
    } catch (reason) {
      return { ...none, ...settings, problem: AppError.from(reason).toJSON() }
    }
  }

  private view(place: LabPlace, session: LabSession, nowMs: number): LabPlaceInfo {
    const { name, comment, tags, acquired, changedMs, reservation } = place
    const lines = linesOfPlace(place, session.resources)
    return {
      ...{ name, comment, tags: { ...tags }, holder: acquired, reserved: reservation !== null },
      heldMs: acquired === null ? null : Math.max(0, nowMs - changedMs),
      state: this.stateOf(place),
      lines: lines.map((line) => ({
        name: line.name,
        port: labBoardText({ place: name, resource: lines.length === 1 ? null : line.name }),
        ...{ address: line.address, baudRate: line.baudRate, isAvailable: line.isAvailable }
      }))
    }
  }

  private stateOf({ name, acquired }: LabPlace): LabPlaceInfo['state'] {
    if (acquired === null) return 'free'
    if (this.holds.has(name)) return 'here'
    return acquired === this.deps.self ? 'left' : 'held'
  }

  /** Gives back what is held and ends the session. */
  private async leave(): Promise<void> {
    const opening = this.opening
    const session = await opening?.session.catch(() => undefined)
    if (session !== undefined && session.ended === null)
      for (const name of [...this.holds.keys()])
        await session.release(name, this.deps.self).catch(() => undefined)
    const left = [...this.holds.values()]
    // First: a listener gives its line back, which must not connect again.
    this.holds.clear()
    for (const hold of left) for (const listener of hold.lost) listener('the coordinator was left')
    if (this.opening === opening) this.opening = undefined
    session?.close()
  }
}
