// npm run rtl:boot: assembles resources/rtl/boot.S into resources/rtl/boot_words.vh, what boot.v holds. [--out FILE] writes elsewhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { binaryOf, compile, needCompiler } from './firmware.mjs'

const rtlFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'resources', 'rtl')
const { values } = parseArgs({
  options: { out: { type: 'string', default: path.join(rtlFolder, 'boot_words.vh') } }
})
/** What boot.v has room for. */
const words = 256

needCompiler()
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-boot-'))
try {
  const [elf, bin] = [path.join(folder, 'boot.elf'), path.join(folder, 'boot.bin')]
  const target = [
    '-march=rv32im_zicsr_zifencei',
    '-mabi=ilp32',
    '-nostdlib',
    '-Wl,-Ttext=0',
    '-Wl,--no-relax'
  ]
  compile([...target, '-o', elf, path.join(rtlFolder, 'boot.S')], 'boot.S')
  const bytes = binaryOf(elf, bin, ['-j', '.text'])
  if (bytes.length > 4 * words) throw new Error(`${bytes.length} bytes do not fit into ${4 * words}.`)
  const lines = Array.from({ length: bytes.length / 4 }, (_, at) => {
    const word = bytes.readUInt32LE(4 * at).toString(16)
    return `words[${at}] = 32'h${word.padStart(8, '0')};`
  })
  writeFileSync(values.out, `${lines.join('\n')}\n`)
  console.log(`${bytes.length} bytes of ${4 * words}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
