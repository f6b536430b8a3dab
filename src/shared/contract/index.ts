import type { z } from 'zod'
import { appContract } from './app'
import { boardContract } from './board'
import { datasetContract } from './dataset'
import type { ArgumentsOf, CommandContract, InputOf, OutputOf } from './framework/define'
import { deployContract } from './deploy'
import { energyContract } from './energy'
import { estimatorContract } from './estimator'
import { fileContract } from './file'
import { gpuContract } from './gpu'
import { hostContract } from './host'
import { jobContract } from './job'
import { labContract } from './lab'
import { lmContract } from './lm'
import { loopContract } from './loop'
import { meterContract } from './meter'
import { modelContract } from './model'
import { profileContract } from './profile'
import { proxyContract } from './proxy'
import { remoteContract } from './remote'
import { runContract } from './run'
import { runComparisonContract } from './run/runComparison'
import { searchContract } from './search'
import { sessionContract } from './session'
import { sharedContract } from './shared'
import { storeContract } from './store'
import { workerContract } from './worker'
import { workloadContract } from './workload'

/** Every noun's contract in one; hosts, clients and the command line know nothing else. */
export const commands = {
  ...appContract.commands,
  ...boardContract.commands,
  ...datasetContract.commands,
  ...deployContract.commands,
  ...energyContract.commands,
  ...estimatorContract.commands,
  ...fileContract.commands,
  ...gpuContract.commands,
  ...jobContract.commands,
  ...labContract.commands,
  ...lmContract.commands,
  ...loopContract.commands,
  ...meterContract.commands,
  ...modelContract.commands,
  ...profileContract.commands,
  ...proxyContract.commands,
  ...remoteContract.commands,
  ...runContract.commands,
  ...runComparisonContract.commands,
  ...searchContract.commands,
  ...sessionContract.commands,
  ...sharedContract.commands,
  ...storeContract.commands,
  ...workerContract.commands,
  ...workloadContract.commands
} as const

/** Payload schemas of all events by name. */
export const events = {
  ...appContract.events,
  ...boardContract.events,
  ...datasetContract.events,
  ...deployContract.events,
  ...estimatorContract.events,
  ...fileContract.events,
  ...gpuContract.events,
  ...hostContract.events,
  ...jobContract.events,
  ...labContract.events,
  ...lmContract.events,
  ...loopContract.events,
  ...meterContract.events,
  ...modelContract.events,
  ...profileContract.events,
  ...proxyContract.events,
  ...remoteContract.events,
  ...runContract.events,
  ...searchContract.events,
  ...sessionContract.events,
  ...sharedContract.events,
  ...workerContract.events,
  ...workloadContract.events
} as const

/** Name of a command. */
export type CommandName = keyof typeof commands

/** Name of an event. */
export type EventName = keyof typeof events

type ContractOf<K extends CommandName> = (typeof commands)[K] extends CommandContract
  ? (typeof commands)[K]
  : never

/** Input of a command as its handler gets it, defaults filled in. */
export type CommandInput<K extends CommandName> = InputOf<ContractOf<K>>

/** Input of a command as a caller gives it. */
export type CommandArguments<K extends CommandName> = ArgumentsOf<ContractOf<K>>

/** Output of a command. */
export type CommandOutput<K extends CommandName> = OutputOf<ContractOf<K>>

/** What an event carries. */
export type EventPayload<K extends EventName> = z.output<(typeof events)[K]>
