import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Marks the fuses in a binary of Electron's; behind it: version, count, and one character for each fuse. */
export const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const fuseCount = 9

/**
 * A folder like an unpacked Electron for Linux, for packing where Electron cannot be fetched. Its program runs a script
 * of Node with the path of the packed archive: `runner ARCHIVE …`.
 */
export async function writeElectronDist(folder: string, version: string, runner: string): Promise<void> {
  await mkdir(path.join(folder, 'resources'), { recursive: true })
  await mkdir(path.join(folder, 'locales'), { recursive: true })
  const script = `#!/bin/sh
exec '${process.execPath}' '${runner}' "$(dirname "$0")/resources/app.asar" "$@"
`
  const fuses = Buffer.concat([
    Buffer.from(`# ${fuseSentinel}`),
    Buffer.from([1, fuseCount]),
    Buffer.from('1'.repeat(fuseCount)),
    Buffer.from('\n')
  ])
  const program = path.join(folder, 'electron')
  await writeFile(program, Buffer.concat([Buffer.from(script), fuses]))
  await chmod(program, 0o755)
  await writeFile(path.join(folder, 'version'), version)
  for (const file of ['LICENSE', 'LICENSES.chromium.html', 'chrome-sandbox', 'locales/en-US.pak'])
    await writeFile(path.join(folder, file), '')
}

/** Whether each fuse of a packed program is set, in Electron's order. */
export function readFuses(program: Buffer): boolean[] {
  const at = program.indexOf(fuseSentinel) + fuseSentinel.length
  const count = program[at + 1]!
  return [...program.subarray(at + 2, at + 2 + count)].map((state) => state === '1'.charCodeAt(0))
}
