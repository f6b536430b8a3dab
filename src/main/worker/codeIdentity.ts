import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, cpus, hostname } from 'node:os'

/** What a result depends on beside its inputs: the code and the machine. */
export interface CodeIdentity {
  /** Version of the product and a hash of the code that runs tasks; equal on machines with the same build. */
  readonly code: string
  /** Architecture and the vector instructions that onnxruntime chooses its kernels by. */
  readonly arithmetic: string
  readonly host: string
  /** Name of the processor, for people. */
  readonly processor: string
}

/** Flags of /proc/cpuinfo by which onnxruntime's kernels differ (mlas/lib/platform.cpp of onnxruntime). */
const kernelFlags = [
  'avx',
  'avx2',
  'avx512f',
  'avx512bw',
  'avx512_vnni',
  'avx_vnni',
  'amx_int8',
  'asimddp',
  'i8mm'
]

/**
 * @param taskFile the built entry of worker threads: its imports carry the hashes of all code below it
 * @param version version of the product
 */
export async function readCodeIdentity(taskFile: string, version: string): Promise<CodeIdentity> {
  const [code, runtime] = await Promise.all([readFile(taskFile), runtimeVersion()])
  const hash = createHash('sha256').update(code).update(runtime).digest('hex').slice(0, 12)
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor'
  return {
    code: `${version}-${hash}`,
    arithmetic: await arithmeticOf(processor),
    host: hostname(),
    processor
  }
}

async function runtimeVersion(): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  return version
}

async function arithmeticOf(processor: string): Promise<string> {
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => null)
  return `${arch()}-${info === null ? hashOf(processor) : vectorFlags(info)}`
}

/** The vector instructions named in a /proc/cpuinfo, or "plain". */
export function vectorFlags(info: string): string {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1] ?? ''
  const present = new Set(line.split(/\s+/))
  const found = kernelFlags.filter((flag) => present.has(flag))
  return found.length === 0 ? 'plain' : found.join('-')
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)
