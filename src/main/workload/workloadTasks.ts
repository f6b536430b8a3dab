import { comparePredictions } from './compareFiles'

/** Statistics over predictions, away from the main thread. */
export const workloadTasks = { 'workload.compare': comparePredictions }
