import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract'
import { AppError } from '../../shared/errors'
import type { Dispatch } from '../hosts/dispatcher'

/** Calls commands of the contract as a client does; `dispatch` may only exist later. */
export function createCommandCaller(
  dispatch: () => Dispatch
): <K extends CommandName>(name: K, input: CommandInput<K>) => Promise<CommandOutput<K>> {
  return async <K extends CommandName>(name: K, input: CommandInput<K>) => {
    const reply = await dispatch()(name, input, { signal: new AbortController().signal })
    if (!reply.ok) throw AppError.from(reply.error)
    return reply.value as CommandOutput<K>
  }
}
