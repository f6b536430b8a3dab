// Builds the linear algebra of fitting: resources/fitting/fit.c -> src/core/quant/quantize/fitWasm.ts (npm run fit-wasm).
// Needs clang with wasm-ld (Debian: clang, lld). What it writes is in the repository, so only changes of fit.c need them.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const source = path.join(root, 'resources', 'fitting', 'fit.c')
const flags =
  '--target=wasm32 -std=c11 -O3 -msimd128 -mbulk-memory -ffp-contract=off -nostdlib -Wall -Wextra -Werror'.split(
    ' '
  )
const link = ['--no-entry', '--strip-all', '-z,stack-size=4096', '--export=__heap_base'].map(
  (option) => `-Wl,${option}`
)

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-fit-'))
try {
  const built = path.join(folder, 'fit.wasm')
  const { status, error, stderr } = spawnSync('clang', [...flags, ...link, '-o', built, source], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`clang did not build ${source}: ${error?.message ?? stderr}`)
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex')
  writeFileSync(
    path.join(root, 'src', 'core', 'quant', 'quantize', 'fitWasm.ts'),
    `/** SHA-256 of the resources/fitting/fit.c that fitWasm was built from; npm run fit-wasm writes this file. */
export const fitSourceHash = '${digest}'

/** WebAssembly of it, base64. */
export const fitWasm =
  '${readFileSync(built).toString('base64')}'
`
  )
} finally {
  rmSync(folder, { recursive: true })
}
