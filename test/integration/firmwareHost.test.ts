import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/core/math/random'
import {
  buildFuzzTarget,
  hasCompiler,
  hostileImage,
  validImages,
  type FuzzTarget
} from '../support/firmwareHost'
import { frameVectors } from '../unit/core/board/frameVectors'

const compiler = 'cc'
const canBuild = hasCompiler(compiler)
if (!canBuild)
  console.warn('SKIPPED: no C compiler here, the firmware’s parsers are not run under sanitizers')

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe.skipIf(!canBuild)(
  'the firmware’s parsers on this computer, under address and undefined-behaviour sanitizers',
  () => {
    let folder = ''
    const program = (target: FuzzTarget): string => path.join(folder, target)
    // Sanitizers make the compiler slow: two to four minutes on two cores, more beside other work.
    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'bitbench-firmware-host-'))
      for (const target of ['frame', 'image'] as const) {
        const { status, stderr } = await buildFuzzTarget(target, program(target), { compiler, fuzzer: false })
        expect(stderr).toBe('')
        expect(status).toBe(0)
      }
    }, 900_000)
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    const replay = (target: FuzzTarget, lines: string[], ...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(program(target), args, {
        input: `${lines.join('\n')}\n`,
        encoding: 'utf8',
        timeout: 300_000
      })
      expect(stderr).toBe('')
      expect(status).toBe(0)
      return stdout
    }

    it('find in every golden stream the frames that TypeScript finds', () => {
      const { frames, streams } = frameVectors()
      const vectors = [...frames, ...streams]
      const output = replay(
        'frame',
        vectors.map(({ stream }) => stream),
        'frames'
      )
      const expected = vectors.map(
        ({ frames: found }) =>
          `${found.map(({ seq, command, payload }) => `${seq} ${command} ${payload}\n`).join('')}end\n`
      )
      expect(output).toBe(expected.join(''))
    })

    it('stay within bounds on garbage that looks like frames', () => {
      const random = createRandom(3)
      const stems = frameVectors().frames.map(({ stream }) => Buffer.from(stream, 'hex'))
      const lines = Array.from({ length: 400 }, () => {
        const parts = Array.from({ length: 4 }, () => {
          const stem = Uint8Array.from(stems[random.integer(stems.length)]!)
          for (let n = random.integer(4); n > 0; n--) stem[random.integer(stem.length)] = random.integer(256)
          return hex(stem.subarray(random.integer(8), 1 + random.integer(stem.length)))
        })
        return parts.join('')
      })
      replay('frame', lines)
    })

    it('refuse or safely run hostile Images', () => {
      const images = validImages(12)
      const lines = images.map(hex)
      // As they are they pass every check and run.
      expect(replay('image', lines)).toBe(`${images.length}\n`)
      for (let seed = 0; seed < 1500; seed++)
        lines.push(hex(hostileImage(images[seed % images.length]!, seed)))
      replay('image', lines)
    })
  }
)
