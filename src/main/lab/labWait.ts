import { AppError } from '../../shared/errors'
import { notReported } from './labRefusals'
import type { LabSession } from './labSession'

/** Waits for a state of a session. @throws AppError lab.unreachable when it ends; `late` when time is up */
export function untilSession(
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
