import { AppError } from '../../shared/errors'
import { unreachable, type LabSession } from './labSession'
import { readLabSettings } from './labSettings'

/** A session that is open or being opened, and whose it is. */
export interface OpenedLab {
  readonly coordinator: string
  readonly session: Promise<LabSession>
}

/** One session with the coordinator that is named, opened on first use and again after its end. */
export interface LabConnection {
  /** @throws AppError input.notFound where no coordinator is named, lab.unreachable */
  connected(): Promise<LabSession>
  /** The session that is open or being opened; undefined: none. */
  present(): OpenedLab | undefined
  /** Forgets what `present` returned, unless another session was opened since. */
  drop(opened: OpenedLab | undefined): void
  /** Opens no session any more. */
  close(): void
}

/** A connection that opens nothing before it is used. `leave`: gives back what is held when another coordinator is named. */
export function createLabConnection(deps: {
  dataFolder: string
  open(coordinator: string): Promise<LabSession>
  onOpen(session: LabSession): void
  leave(): Promise<void>
}): LabConnection {
  let opening: OpenedLab | undefined
  let isClosed = false

  const opened = async (coordinator: string): Promise<LabSession> => {
    const session = await deps.open(coordinator)
    deps.onOpen(session)
    return session
  }

  return {
    async connected() {
      const settings = await readLabSettings(deps.dataFolder)
      if (settings === null) throw noCoordinator()
      const { coordinator } = settings
      if (opening !== undefined && opening.coordinator !== coordinator) await deps.leave()
      const last = opening
      const before = await last?.session.catch(() => undefined)
      if (before !== undefined && before.ended === null) return before
      // Another call may have begun to open a session meanwhile: a second one would never be closed.
      if (opening !== last && opening?.coordinator === coordinator) return await opening.session
      if (isClosed) throw unreachable(coordinator, 'this Bitbench is closing')
      const session = opened(coordinator)
      opening = { coordinator, session }
      return await session
    },
    present: () => opening,
    drop(left) {
      if (opening === left) opening = undefined
    },
    close() {
      isClosed = true
    }
  }
}

const noCoordinator = (): AppError =>
  new AppError(
    'input.notFound',
    'No labgrid coordinator is named.',
    'Name it with "bitbench lab use HOST", on the page Boards, or with LG_COORDINATOR.'
  )
