// Fuzzes the firmware's parsers on this computer with libFuzzer under sanitizers, from golden frames and valid Images:
//   npm run fuzz:firmware -- [--runs 1000000] [--seconds 300] [--target frame|image] [--longest BYTES]
// Inputs are at most two of the longest frames (2102 bytes) or 16 KiB of Image; `--longest` makes them shorter and so more. Per target it stops at whichever limit comes first; exit 1 and an input file in build/fuzz on a finding, 3 without clang.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  buildFuzzTarget,
  fuzzTargets,
  hasCompiler,
  validImages,
  type FuzzTarget
} from '../test/support/firmwareHost'
import { frameVectors, hexBytes } from '../test/unit/core/board/frameVectors'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '300' },
    target: { type: 'string' },
    longest: { type: 'string' }
  }
})
const folder = path.resolve('build', 'fuzz')

function corpus(target: FuzzTarget): Uint8Array[] {
  if (target === 'image') return validImages(12)
  const { frames, streams } = frameVectors()
  return [...frames, ...streams].map(({ stream }) => hexBytes(stream))
}

async function fuzz(target: FuzzTarget): Promise<boolean> {
  const seeds = path.join(folder, `${target}-corpus`)
  mkdirSync(seeds, { recursive: true })
  for (const [index, bytes] of corpus(target).entries())
    writeFileSync(path.join(seeds, `seed-${index}`), bytes)
  const program = path.join(folder, `${target}Fuzz`)
  const built = await buildFuzzTarget(target, program, { compiler: 'clang', fuzzer: true })
  if (built.status !== 0) throw new Error(built.stderr)
  const limits = [`-runs=${values.runs}`, `-max_total_time=${values.seconds}`]
  const sizes = [
    // Two of the longest frames; an Image of a few layers.
    `-max_len=${values.longest ?? (target === 'frame' ? 2102 : 16_384)}`,
    `-artifact_prefix=${folder}/${target}-`,
    '-print_final_stats=1',
    '-timeout=20'
  ]
  return spawnSync(program, [...limits, ...sizes, seeds], { stdio: 'inherit' }).status === 0
}

if (!hasCompiler('clang')) {
  console.error('clang not found: apt install clang')
  process.exit(3)
}
for (const target of fuzzTargets) {
  if (values.target !== undefined && values.target !== target) continue
  if (!(await fuzz(target))) process.exitCode = 1
}
