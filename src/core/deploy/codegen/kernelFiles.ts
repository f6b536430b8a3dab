import { AppError } from '@shared/errors'
import { isWeighted, type QuantizedNetwork } from '../../quant/quantizedNetwork'
import { weightLayouts } from '../../quant/packing'
import type { Plan } from '../plan'

/** The part of resources/kernels/variants.json that is read here. */
interface KernelVariants {
  sources: string[]
  /** Layout name -> C constant. */
  layouts: Record<string, string>
  engines: Record<string, { layout: string; sources: string[] }>
  variants: Record<string, { sources?: string[]; pairs: Record<string, Record<string, string>> }>
}

/** The kernel sources that an exported program needs. */
export interface KernelFiles {
  /** .c files below kernels/, to be compiled. */
  compiled: string[]
  /** Path in the exported folder and text. */
  files: [string, string][]
}

/** The kernel sources of one variant: every .c file its table names, and all headers. */
export function kernelFilesOf(
  sources: ReadonlyMap<string, string>,
  variantName: string,
  network: QuantizedNetwork,
  plan: Plan
): KernelFiles {
  const description = JSON.parse(requireText(sources, 'kernels/variants.json')) as KernelVariants
  const variant = description.variants[variantName]
  if (variant === undefined) {
    throw new AppError(
      'input.invalid',
      `There is no kernel variant "${variantName}".`,
      `Choose one of ${Object.keys(description.variants).join(', ')}.`
    )
  }
  checkLayouts(description, variantName, network, plan)
  const engineNames = new Set(Object.values(variant.pairs).flatMap((pairs) => Object.values(pairs)))
  const compiled = new Set([
    ...description.sources,
    ...(variant.sources ?? []),
    // The table also names the reference's functions.
    ...description.engines['reference'].sources,
    ...[...engineNames].flatMap((name) => description.engines[name].sources),
    `table/${variantName}.c`
  ])
  const headers = [...sources.keys()].filter((path) => path.startsWith('kernels/') && path.endsWith('.h'))
  const paths = [...[...compiled].map((file) => `kernels/${file}`), ...headers, 'kernels/layouts.md']
  return { compiled: [...compiled], files: paths.map((path) => [path, requireText(sources, path)]) }
}

/** The kernels of the export must read the weights as they were planned. */
function checkLayouts(
  { engines, variants }: KernelVariants,
  variantName: string,
  network: QuantizedNetwork,
  plan: Plan
): void {
  for (const [index, layer] of network.layers.entries()) {
    if (!isWeighted(layer) || layer.op === 'depthwiseConv2d') continue
    const engine = engines[variants[variantName].pairs[layer.activationBits]?.[layer.weightBits] ?? '']
    const planned = weightLayouts[plan.layers[index].weightLayout]
    if (engine?.layout === planned?.name) continue
    throw new AppError(
      'deploy.mismatch',
      `Layer ${layer.name} was planned with weights in layout ${planned?.name ?? 'unknown'}; the ${variantName} kernels read ${engine?.layout ?? 'none'}.`,
      'Plan for a board whose monitor has the same kernels as this Bitbench.'
    )
  }
}

/** The text of a file below resources/. @throws AppError data.missing */
export function requireText(sources: ReadonlyMap<string, string>, path: string): string {
  const text = sources.get(path)
  if (text !== undefined) return text
  throw new AppError(
    'data.missing',
    `${path} is not among the sources.`,
    'Reinstall Bitbench: resources are incomplete.'
  )
}
