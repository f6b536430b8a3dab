import { analyseInput } from './energyService'

/** Work of this noun that runs off the main thread. */
export const energyTasks = {
  /** Energy of every phase of one GPU. The trace lies in shared memory and is not copied. */
  'energy.analyse': analyseInput
}
