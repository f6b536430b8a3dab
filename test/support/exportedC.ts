import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { copiedFiles, generateSources } from '@core/deploy/codegen/generateSources'
import type { SelfCheck } from '@core/deploy/codegen/mainSource'
import type { Plan } from '@core/deploy/plan'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'

const resources = path.resolve(import.meta.dirname, '../../resources')

/** Every text file the export may copy, by path below resources/. */
export function resourceTexts(): Map<string, string> {
  const files = readdirSync(path.join(resources, 'kernels'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  files.push(...copiedFiles.map((file) => path.join(resources, file)))
  return new Map(
    files.map((file) => [path.relative(resources, file).replaceAll('\\', '/'), readFileSync(file, 'utf8')])
  )
}

/** Writes a network as a folder of C. */
export function writeExportedC(
  folder: string,
  network: QuantizedNetwork,
  plan: Plan,
  check: SelfCheck
): void {
  for (const file of generateSources(network, plan, { sources: resourceTexts(), check })) {
    const target = path.join(folder, file.path)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, file.text)
  }
}
