import path from 'node:path'
import type { CommandInput } from '../../../shared/contract'
import { countOf } from '../../../shared/units'
import { exportNames } from '../../gpu/exportNames'
import {
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliResult
} from '../framework/framework'
import { followOnHost } from '../remote/onHost'
import { energyText } from './energyText'

/**
 * Records a command on a GPU host and reports the energy as for one here; the exit code is 1 where it is not complete.
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
  const out = textOption(args, 'out')
  const file = out === undefined ? undefined : path.resolve(context.cwd, out)
  if (file !== undefined) exportNames(file)
  const { runIds, made, isWhole } = await followOnHost(context, (client) =>
    client.call('remote.record', { host, request })
  )
  const { gpu, energy } = await context.bitbench()
  const id = runIds[0]!
  const { recording } = await gpu.handlers['gpu.recording']({ id }, { signal: context.signal })
  const files = file === undefined ? [] : await gpu.exportRecording(id, file)
  const report = await energy.report(id)
  const written = files.map((entry) => `Wrote ${countOf(entry.rows, 'row')} to ${entry.file}`)
  return {
    json: { recording, energy: report, files, made },
    text: [energyText(recording, report), ...made, ...written].join('\n'),
    exitCode: isWhole && recording.state === 'done' ? 0 : 1
  }
}
