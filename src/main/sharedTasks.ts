import { sharedEvaluate } from './model/accuracy/sharedEvaluate'
import type { SharedTasks } from './threads/sharedTask'

/** Tasks of taskRegistry.ts that may run on other machines. */
export const sharedTasks: SharedTasks = { 'model.evaluate': sharedEvaluate }
