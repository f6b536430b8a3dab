import { quotedForShell } from '../../../core/remote/remoteWords'
import path from 'node:path'
import { readDescription } from '../../../core/board/description/readDescription'
import type { Deployment } from '../../../shared/contract/deploy'
import { unpredictedText } from '../../../shared/text/unpredictedText'
import { countOf, formatBytes, formatCount, formatPercent } from '../../../shared/units'
import {
  choiceOption,
  numberOption,
  requiredBoard,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun
} from '../framework/framework'
import { readRegularFile } from '../../files/readRegularFile'
import { bitfusionVerb } from './deployBitfusion'
import { lineOptions, lineSettings } from '../board/boardLine'
import { clientOf, createProgressLine } from '../framework/localClient'
import { deployEnergyVerb } from './deployEnergy'
import { deployFlashVerb } from './deployFlash'
import { modelOptions, readModel } from './deployModel'

const minRamBytes = 1024
const maxRamBytes = 0x4000_0000

export const deployCli: CliNoun = {
  noun: 'deploy',
  verbs: {
    bitfusion: bitfusionVerb,
    build: {
      summary: 'Writes self-contained C (weights, plan, main, linker script, Makefile) into a new folder.',
      usage:
        '--out FOLDER [--model FILE.onnx] [--dataset N] [--scheme exported|w4a8,…] [--images N] [--ram BYTES|--description FILE]',
      options: {
        ...modelOptions,
        ram: { type: 'string', help: 'memory of the target in bytes; a network that needs more is refused' },
        description: {
          type: 'string',
          help: 'description of the target (JSON, csr.csv, csr.json, soc.json, device tree), for its memory'
        },
        out: { type: 'string', help: 'new or empty folder' },
        images: { type: 'string', help: 'images the program checks itself with', default: '4' }
      },
      async run(args, context) {
        const out = textOption(args, 'out')
        if (out === undefined) throw new UsageError('--out FOLDER is needed')
        const client = await clientOf(context)
        const result = await client.call('deploy.export', {
          ...(await readModel(client, args, context)),
          images: numberOption(args, 'images', { min: 1, max: 64, integer: true }) ?? 4,
          folder: path.resolve(context.cwd, out),
          ramBytes: await targetRam(args, context)
        })
        const sizeBytes = result.files.reduce((sum, file) => sum + file.sizeBytes, 0)
        return {
          json: result,
          text: `${countOf(result.files.length, 'file')}, ${formatBytes(sizeBytes)}, in ${result.folder}\nBuild and check with: make -C ${quotedForShell(result.folder)} run`
        }
      }
    },
    energy: deployEnergyVerb,
    flash: deployFlashVerb,
    run: {
      summary: 'Deploys to a board, runs test images there and compares every output with the host.',
      usage:
        '--board ID [--baud N] [--model FILE.onnx] [--dataset N] [--scheme exported|w4a8,…] [--images N] [--form image|c]',
      options: {
        ...modelOptions,
        board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
        ...lineOptions,
        images: { type: 'string', help: 'test images', default: '200' },
        form: { type: 'string', help: 'image (resident runtime) or c (compiled here)', default: 'image' }
      },
      async run(args, context) {
        const form = choiceOption(args, 'form', ['image', 'c']) ?? 'image'
        const boardId = requiredBoard(args)
        const settings = lineSettings(args)
        const client = await clientOf(context)
        await client.call('board.connect', { id: boardId, settings })
        const started = await client.call('deploy.run', {
          ...(await readModel(client, args, context)),
          boardId,
          images: numberOption(args, 'images', { min: 1, max: 10_000, integer: true }) ?? 200,
          form
        })
        await client.finish(started.jobId, createProgressLine(context.log, process.stderr))
        const { deployment } = await client.call('deploy.get', { deploymentId: started.deploymentId })
        return {
          json: deployment,
          text: deploymentText(deployment),
          exitCode: deployment.bitExact === true ? 0 : 1
        }
      }
    }
  }
}

/** Bytes of RAM that a network may take, from a size or a description; null: as much as the virtual board has. */
export async function targetRam(args: CliArguments, context: CliContext): Promise<number | null> {
  const bytes = numberOption(args, 'ram', { min: minRamBytes, max: maxRamBytes, integer: true }) ?? null
  const file = textOption(args, 'description')
  if (file === undefined) return bytes
  if (bytes !== null) throw new UsageError('--ram and --description both say how much memory there is')
  const { ram } = readDescription(new Uint8Array(await readRegularFile(path.resolve(context.cwd, file))))
  return Math.min(maxRamBytes, ram.sizeBytes)
}

/** Why there is no prediction, and what gives one; nothing where there is one. */
function whyUnpredicted({ predicted, plan }: Deployment): string[] {
  if (predicted !== null) return []
  const why = unpredictedText(plan?.layers ?? []) ?? 'no proxy of this board is kept'
  return [`not predicted: ${why} (bitbench profile run --model, then proxy keep)`]
}

/** A finished deployment as the terminal shows it. */
export function deploymentText(deployment: Deployment): string {
  const { bitExact, request, boardName, unit, origin, plan } = deployment
  const lines = [
    `${deployment.modelName} on ${boardName}: ${bitExact === true ? `all outputs of ${countOf(request.images, 'image')} equal the host's` : 'OUTPUTS DIFFER from the host'}`,
    deployment.boardAccuracy === null
      ? 'no accuracy: the items have no label for every output'
      : `accuracy on the board ${formatPercent(deployment.boardAccuracy)}, on the host ${formatPercent(deployment.hostAccuracy)}`,
    deployment.measured === null
      ? `not measured: ${deployment.measuredBy ?? 'the core has no counter that its monitor can read'}; predicted ${formatCount(deployment.predicted, unit)} per image`
      : `per image ${formatCount(deployment.measured, unit)} (${deployment.measuredBy ?? origin}), predicted ${formatCount(deployment.predicted, unit)}, error ${formatPercent(deployment.relativeError)}`,
    ...whyUnpredicted(deployment),
    `memory ${formatBytes(plan?.peakRamBytes)} of ${formatBytes(plan?.ramBytes)}`
  ]
  const width = Math.max(0, ...deployment.layers.map((layer) => layer.name.length))
  for (const layer of deployment.layers) {
    lines.push(
      `  ${layer.name.padEnd(width)}  measured ${formatCount(layer.measured)}, predicted ${layer.predicted === 0 ? 'no work' : formatCount(layer.predicted)}`
    )
  }
  return lines.join('\n')
}
