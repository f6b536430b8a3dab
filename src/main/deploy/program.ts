import { spawn as nodeSpawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { callRequest, type GeneratedFile } from '../../core/deploy/codegen/generateSources'
import { alignUp } from '../../core/deploy/planner'
import { parseElf } from '../../core/binary/elf'
import { AppError } from '../../shared/errors'
import { placeBatch, type DeploySession, type InputOutput } from './boardRun'
import { writeFiles } from './codeExport'
import type { Runner } from './imageRunner'

/** Compiles exported sources for RISC-V. */
export interface Toolchain {
  /** @throws tool.missing naming the package, tool.failed with the compiler's words */
  buildCallable(files: readonly GeneratedFile[], signal: AbortSignal): Promise<Uint8Array>
}

/** Plenty for -O2 over a network's weights; a compiler that takes longer hangs. */
const buildTimeoutMs = 120_000

/** Returns the RISC-V compiler that is installed; it is looked for at each use. */
export function createToolchain(deps: {
  spawn: typeof nodeSpawn
  findProgram: (names: string[]) => Promise<string | null>
}): Toolchain {
  return {
    async buildCallable(files, signal) {
      const compiler = await deps.findProgram(['riscv64-unknown-elf-gcc'])
      const make = await deps.findProgram(['make', 'gmake'])
      if (compiler === null || make === null) {
        throw new AppError(
          'tool.missing',
          `Deploying as C needs ${compiler === null ? 'riscv64-unknown-elf-gcc' : 'make'}, which is not installed.`,
          'Debian: apt install make gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf. Or deploy as an Image, which needs no compiler.'
        )
      }
      const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-build-'))
      try {
        await writeFiles(folder, files)
        await run(deps.spawn, make, ['callable.elf', `RISCV_CC=${compiler}`], folder, signal)
        return new Uint8Array(await readFile(path.join(folder, 'callable.elf')))
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }
  }
}

/** Loads a compiled network, segment by segment, and calls it for each batch. */
export async function loadProgram(
  session: DeploySession,
  elfBytes: Uint8Array,
  io: InputOutput,
  options: { signal: AbortSignal; onProgress: (doneBytes: number, totalBytes: number) => void }
): Promise<Runner> {
  const { signal, onProgress } = options
  const elf = parseElf(elfBytes)
  const totalBytes = elf.segments.reduce((sum, segment) => sum + segment.data.length, 0)
  const end = Math.max(...elf.segments.map((segment) => segment.address + segment.memoryBytes))
  const request = alignUp(end, 16)
  const place = placeBatch(session.info, request + 16, io)
  let doneBytes = 0
  for (const segment of elf.segments) {
    if (segment.data.length === 0) continue
    const before = doneBytes
    await session.upload(segment.address, segment.data, {
      signal,
      onProgress: (done) => onProgress(before + done, totalBytes)
    })
    doneBytes += segment.data.length
  }
  // What the program expects to be zero is zeroed here: RAM holds what the last program left.
  for (const segment of elf.segments) {
    const zeros = segment.memoryBytes - segment.data.length
    if (zeros > 0)
      await session.upload(segment.address + segment.data.length, new Uint8Array(zeros), { signal })
  }
  return {
    place,
    async execute(count) {
      await session.upload(request, callRequest(place.inputAddress, place.outputAddress, count), { signal })
      const { returned, ...spent } = await session.call(elf.entry, request, 0, { signal })
      if (returned !== 0) {
        throw new AppError(
          'board.refused',
          `The compiled network stopped with kernel status ${returned}.`,
          'The export and this Bitbench differ: build it again.'
        )
      }
      return spent
    },
    layerCounters: async () => null
  }
}

async function run(
  spawn: typeof nodeSpawn,
  program: string,
  args: string[],
  cwd: string,
  signal: AbortSignal
): Promise<void> {
  const said = await new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      signal,
      timeout: buildTimeoutMs,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let text = ''
    const keep = (chunk: Buffer): void => {
      text = (text + chunk.toString('utf8')).slice(-4000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', (cause) => reject(signal.aborted ? cause : missing(program, cause)))
    child.once('close', (code) => resolve({ code, text }))
  })
  if (said.code === 0) return
  throw new AppError(
    'tool.failed',
    `Compiling the exported C failed (${path.basename(program)} ended with ${said.code ?? 'a signal'}).`,
    `It said: ${said.text.trim().split('\n').slice(-6).join('\n')}`,
    { details: { output: said.text } }
  )
}

function missing(program: string, cause: unknown): AppError {
  return new AppError(
    'tool.failed',
    `${program} could not be started.`,
    'Check that it is installed and executable.',
    {
      cause
    }
  )
}
