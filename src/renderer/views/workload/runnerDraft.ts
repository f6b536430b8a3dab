import type { TaskMetric } from '@shared/contract/workload/workloadRows'
import type { CommandInput } from '../../client/client'
import { joinCommand } from '../gpu/splitCommand'

type Runner = CommandInput<'workload.start'>['runner']

/** Entries of the field "Network" beside the shipped networks. */
export const ownFile = 'file'
export const ownTorch = 'torch'
export const ownProgram = 'program'

/** What the fields of a runner hold. */
export interface RunnerDraft {
  model: string
  file: string
  dataset: string
  task: TaskMetric
  provider: string
  types: string
  entry: string
  builder: string
  device: string
  command: string
}

/**
 * The fields that give this runner; null where they cannot: a network of the transformers library, a program with words that no
 * quotes hold together.
 */
export function fieldsOfRunner(runner: Runner, shipped: readonly string[]): Partial<RunnerDraft> | null {
  switch (runner.kind) {
    case 'onnx': {
      const { model, dataset, task, provider = 'cpu', types = '' } = runner
      if (shipped.includes(model)) return { model, provider }
      if (dataset === undefined) return null
      return {
        model: ownFile,
        file: model,
        dataset,
        provider,
        types,
        ...(task === undefined ? {} : { task })
      }
    }
    case 'torch': {
      const parts = /^(.+):([^:]+)$/.exec(runner.entry ?? '')
      if (parts === null) return null
      const { device = '', types = '' } = runner
      return { model: ownTorch, entry: parts[1] ?? '', builder: parts[2] ?? '', device, types }
    }
    case 'command': {
      const command = joinCommand(runner.command)
      return command === null ? null : { model: ownProgram, command }
    }
  }
}
