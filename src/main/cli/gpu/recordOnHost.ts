import type { CommandInput } from '../../../shared/contract'
import {
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliResult
} from '../framework/framework'
import { followOnHost } from '../remote/onHost'
import { outFile, recordingReport } from './recordingVerbs'

/**
 * Records a command on a GPU host and reports the energy as for a recording here; the exit code is 1 where it is not complete.
 * @throws UsageError for --cuda, which names devices as programs of this machine see them
 */
export async function recordOnHost(
  args: CliArguments,
  context: CliContext,
  host: string,
  request: CommandInput<'gpu.record'>
): Promise<CliResult> {
  if (textOption(args, 'cuda') !== undefined) {
    throw new UsageError('--cuda is for GPUs of this machine; use --gpu with --host')
  }
  const file = outFile(args, context)
  const { runIds, made, isWhole } = await followOnHost(context, (client) =>
    client.call('remote.record', { host, request })
  )
  const { json, text, isComplete } = await recordingReport(context, runIds[0], file, made)
  return {
    json: { ...json, made },
    text,
    exitCode: isWhole && isComplete ? 0 : 1
  }
}
