import { ByteWriter } from '../../binary/bytes'
import type { QuantizedNetwork } from '../../quant/quantizedNetwork'
import type { Plan } from '../plan'
import { commentText } from './cText'
import { kernelFilesOf, requireText } from './kernelFiles'
import { callableSource, imagesHeader, imagesSource, mainSource, type SelfCheck } from './mainSource'
import { mlperfHeader } from './mlperfHeader'
import { networkHeader, networkSource } from './networkSource'
import {
  linkerScript,
  makefile,
  platformHeader,
  platformHost,
  platformRv32,
  startRv32
} from './platformSources'
import { weightsHeader, weightsSource } from './weightsSource'

/** One file of the exported folder. */
export interface GeneratedFile {
  /** With forward slashes, relative to the folder. */
  path: string
  text: string
}

/** Files below resources/, beside all of kernels/, that every export holds as they are. */
export const copiedFiles = ['firmware/memory.c', 'export/mlperf.c'] as const

const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** What the exported C program is made of. */
export interface GenerateOptions {
  /**
   * Files below resources/ by path with forward slashes: all of kernels/ (with variants.json) and the copiedFiles.
   */
  sources: ReadonlyMap<string, string>
  check: SelfCheck
  /** Kernel build, as resources/kernels/variants.json names it. Its layouts must be those the plan was made with. */
  variant?: string
  /** Where callable.elf is linked; default: where the plan puts the Image. */
  loadAddress?: number
  /** Clock of the board, Hz; absent: 100 MHz, for the user to change. */
  clockHz?: number | undefined
}

/**
 * A network as a folder of self-contained, readable C: builds with one \`make\` for this computer and for RV32, prints
 * outputs and cycles, and can be called by the board monitor. Computes exactly what the Image of the same plan computes.
 * @throws AppError data.missing when \`sources\` lacks a kernel file, deploy.mismatch when the plan was made for other layouts.
 */
export function generateSources(
  network: QuantizedNetwork,
  plan: Plan,
  options: GenerateOptions
): GeneratedFile[] {
  const { sources, check, variant = 'rv32im', clockHz } = options
  // A program is called in RAM, also on a board whose Images lie in flash.
  const { loadAddress = plan.arenaAddress ?? plan.imageAddress } = options
  const kernels = kernelFilesOf(sources, variant, network, plan)
  const own: [string, string][] = [
    ['README.md', readme(network, plan, check)],
    ['Makefile', makefile(kernels.compiled, loadAddress, clockHz)],
    ['network.h', networkHeader(network, plan)],
    ['network.c', networkSource(network, plan)],
    ['weights.h', weightsHeader(network, plan)],
    ['weights.c', weightsSource(network, plan)],
    ['images.h', imagesHeader(check)],
    ['images.c', imagesSource(check)],
    ['main.c', mainSource()],
    ['callable.c', callableSource()],
    ['mlperf.h', mlperfHeader(network)],
    ['platform.h', platformHeader],
    ['platform_host.c', platformHost],
    ['platform_rv32.c', platformRv32],
    ['start.S', startRv32],
    ['program.ld', linkerScript],
    ...copiedFiles.map((path): [string, string] => [basename(path), requireText(sources, path)])
  ]
  return [...own, ...kernels.files].map(([path, text]) => ({ path, text }))
}

/** The argument of callable.elf's entry, to be loaded at a 4-byte aligned address that a0 then holds. */
export function callRequest(inputAddress: number, outputAddress: number, count: number): Uint8Array {
  return new ByteWriter(12).u32(inputAddress).u32(outputAddress).u32(count).done()
}

function readme(network: QuantizedNetwork, plan: Plan, check: SelfCheck): string {
  const scheme = network.scheme.map(
    ({ layer, weightBits, activationBits }) => `| ${commentText(layer)} | ${weightBits} | ${activationBits} |`
  )
  return `# ${commentText(network.name)}

Integer C of a quantized network, written by Bitbench. \`make\` builds it for this computer and, where riscv64-unknown-elf-gcc with
picolibc is found, for RV32IMAC; \`make run\` checks it with ${check.count} images against the outputs the host computed.

| layer | weight bits | activation bits |
|---|---|---|
${scheme.join('\n')}

Weights ${plan.weightsBytes} bytes, arena ${plan.arenaBytes} bytes (lower bound ${plan.arenaLowerBoundBytes}). network.c is the plan as code,
weights.c its numbers, kernels/ the integer kernels, callable.c the entry for the Bitbench monitor's \`call\`, mlperf.c the network
behind the serial protocol of MLPerf Tiny's runners (\`make mlperf\`, mlperf.elf).
`
}
