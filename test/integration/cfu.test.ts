import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { dotProduct } from '@core/sim/core/xbb/dot'
import { greaterBytes } from '@core/sim/core/xbb/byteMax'
import { isXbbInstruction, xbbFunct3 } from '@core/sim/core/xbb/format'
import { packCodes } from '@core/sim/core/xbb/pack'
import { quantizeOnTop } from '@core/sim/core/xbb/quant'

const hasVerilator = spawnSync('verilator', ['--version']).status === 0
const sources = [
  'cfu/Cfu.v',
  'dot_unit.v',
  'dot_wide.v',
  'dot_two.v',
  'signed_product.v',
  'pack.v',
  'quant.v',
  'multiplier.v',
  'byte_max.v'
].map((name) => `resources/rtl/${name}`)

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

/** What a command gives; a quant stands on a word of zeros. */
function responseTo({ functionBits, a, b }: { functionBits: number; a: number; b: number }): number {
  const funct3 = functionBits & 7
  if (funct3 === xbbFunct3.pack) return packCodes(functionBits, a, b)
  if (funct3 === xbbFunct3.quant) return quantizeOnTop(0, a, b)
  return funct3 === xbbFunct3.max ? greaterBytes(a, b) : dotProduct(functionBits, a, b)
}

/** Every legal function, 36 times each with random words. */
function randomCommands(): { functionBits: number; a: number; b: number }[] {
  const random = createRandom(18)
  const word = (): number => random.integer(2 ** 32) | 0
  const functions = Array.from({ length: 1024 }, (_, bits) => bits).filter(isXbbInstruction)
  // The one function of quant stands for as many formats as rs2 has: it comes nine times as often.
  const repeated = Array.from({ length: 36 }, () => [...functions, ...Array(8).fill(xbbFunct3.quant)]).flat()
  return random.shuffle(repeated).map((functionBits) => ({ functionBits, a: word(), b: word() }))
}

it.skipIf(!hasVerilator)(
  'the unit on the bus of VexRiscv gives the sums and codes of the simulator, whoever waits for whom',
  { timeout: 240_000 },
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-cfu-'))
    try {
      // Verilator's makefiles take no path with a space, and the repository may lie in one.
      const files = ['test/support/rtl/cfuVectors.sv', ...sources].map((source) => {
        copyFileSync(source, path.join(folder, path.basename(source)))
        return path.basename(source)
      })
      const commands = randomCommands()
      const words = commands.map(({ functionBits, a, b }) => hex(functionBits).slice(4) + hex(a) + hex(b))
      writeFileSync(path.join(folder, 'vectors.hex'), [commands.length.toString(16), ...words, ''].join('\n'))
      const options = [
        '--binary',
        '-Wno-fatal',
        '--top-module',
        'cfu_vectors',
        '--Mdir',
        '.',
        '-o',
        'vectors'
      ]
      const made = spawnSync('verilator', [...options, ...files], { cwd: folder, encoding: 'utf8' })
      expect(made.status, made.stderr).toBe(0)
      const { stdout } = spawnSync(path.join(folder, 'vectors'), { cwd: folder, encoding: 'utf8' })
      const printed = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('-'))
      expect(printed.at(-1)).toBe(`end ${commands.length}`)
      const expected = commands.map((command) => hex(responseTo(command)))
      expect(printed.slice(0, -1)).toEqual(expected)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
)
