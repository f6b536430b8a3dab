// npm run rtl:boot: assembles resources/rtl/boot.S into resources/rtl/boot_words.vh, what boot.v holds. [--out FILE] writes elsewhere.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const rtlFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'resources', 'rtl')
const { values } = parseArgs({
  options: { out: { type: 'string', default: path.join(rtlFolder, 'boot_words.vh') } }
})
/** What boot.v has room for. */
const words = 256
const prefix = 'riscv64-unknown-elf-'

function run(program, args) {
  const { status, error, stderr } = spawnSync(`${prefix}${program}`, args, { encoding: 'utf8' })
  if (error !== undefined) {
    console.error(`Not found: ${prefix}${program}. On Debian: apt-get install gcc-riscv64-unknown-elf`)
    process.exit(3)
  }
  if (status !== 0) throw new Error(stderr)
}

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
  run('gcc', [...target, '-o', elf, path.join(rtlFolder, 'boot.S')])
  run('objcopy', ['-O', 'binary', '-j', '.text', elf, bin])
  const bytes = readFileSync(bin)
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
