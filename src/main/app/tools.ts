import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import type { spawn as nodeSpawn } from 'node:child_process'
import { boardPrograms } from '../../core/board/tools/toolCatalogue'
import type { Tool } from '../../shared/contract/app'

/** External programs that Bitbench uses when they are there. Nothing needs them; each absence is explained. */
interface ToolSpec {
  names: string[]
  purpose: string
  versionArguments: string[]
  hint: string
}

const toolSpecs: readonly ToolSpec[] = [
  {
    names: ['qemu-system-riscv32'],
    purpose: 'runs the firmware on an emulated board of kind qemu',
    versionArguments: ['--version'],
    hint: 'Debian: apt install qemu-system-misc'
  },
  {
    names: ['riscv64-unknown-elf-gcc', 'riscv32-unknown-elf-gcc', 'riscv-none-elf-gcc'],
    purpose: 'compiles exported C for RISC-V',
    versionArguments: ['--version'],
    hint: 'Debian: apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf'
  },
  {
    names: ['cc', 'gcc', 'clang'],
    purpose: 'compiles exported C for this machine',
    versionArguments: ['--version'],
    hint: 'Debian: apt install gcc'
  },
  {
    names: ['nvidia-smi'],
    purpose: 'measures NVIDIA GPUs',
    versionArguments: ['--version'],
    hint: 'It comes with the NVIDIA driver.'
  },
  ...boardPrograms
]

/** How long a tool may take to print its version. */
const versionTimeoutMs = 5_000

/** Looks for the tools that the product can use, with their versions. */
export async function findTools(
  spawn: typeof nodeSpawn,
  searchPath = process.env['PATH'] ?? ''
): Promise<Tool[]> {
  return await Promise.all(
    toolSpecs.map(async (spec): Promise<Tool> => {
      const file = await findExecutable(spec.names, searchPath)
      return {
        name: file === null ? spec.names[0] : path.basename(file),
        purpose: spec.purpose,
        path: file,
        version: file === null ? null : await versionOf(spawn, file, spec.versionArguments),
        hint: spec.hint
      }
    })
  )
}

/** Returns the first executable of these names on the search path; null when there is none. */
export async function findExecutable(names: string[], searchPath: string): Promise<string | null> {
  for (const name of names) {
    for (const folder of searchPath.split(path.delimiter)) {
      if (folder === '') continue
      const file = path.join(folder, process.platform === 'win32' ? `${name}.exe` : name)
      const isRunnable = await access(file, constants.X_OK).then(
        () => true,
        () => false
      )
      if (isRunnable) return file
    }
  }
  return null
}

/** First number-like word of the tool's first lines; null when there is none. */
async function versionOf(spawn: typeof nodeSpawn, file: string, args: string[]): Promise<string | null> {
  return await new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: versionTimeoutMs })
    let text = ''
    const keep = (chunk: Buffer): void => {
      if (text.length < 4096) text += chunk.toString('utf8')
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', () => resolve(null))
    child.once('close', () => resolve(/\bv?(\d+\.\d+[\w.+-]*)/.exec(text)?.[1] ?? null))
  })
}
