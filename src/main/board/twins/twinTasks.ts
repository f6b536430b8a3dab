import type { TwinFirmware } from '../../../core/twin/monitorMachine'
import { makeTwin, type MadeTwin, type TwinRequest } from '../../../core/twin/makeTwin'
import type { TaskContext } from '../../threads/task'

/** Work of twins that runs off the main thread: seconds of simulation. */
export const twinTasks = {
  'board.fitTwin': (
    { firmware, request }: { firmware: TwinFirmware; request: TwinRequest },
    context: TaskContext
  ): Promise<MadeTwin> =>
    makeTwin(firmware, request, async (done, total, note) => {
      context.progress(done, total, note)
      await context.yieldToAbort()
    })
}
