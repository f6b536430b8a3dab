import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract'
import type { Job } from '../../shared/contract/job'

/** The commands the loop consists of; any client could send them one by one. */
export type LoopCommand = Extract<
  CommandName,
  | 'board.connect'
  | 'model.list'
  | 'profile.run'
  | 'profile.resume'
  | 'profile.campaigns'
  | 'profile.samples'
  | 'proxy.fit'
  | 'proxy.list'
  | 'proxy.pin'
  | 'search.start'
  | 'search.resume'
  | 'search.get'
  | 'deploy.run'
  | 'deploy.resume'
  | 'deploy.list'
  | 'deploy.get'
>

/** What the loop needs of the other nouns; compose passes the contract itself. */
export interface LoopCalls {
  /** @throws the command's AppError */
  call<K extends LoopCommand>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>>
  /** Waits for the end of a job; `onChange` gets every change. Cancels it when `signal` is aborted. @throws its error */
  follow(jobId: string, signal: AbortSignal, onChange: (job: Job) => void): Promise<void>
}
