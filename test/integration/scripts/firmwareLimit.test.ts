import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const compiler = 'riscv64-unknown-elf-gcc'
const canBuild = spawnSync(compiler, ['--version']).status === 0
if (!canBuild) console.warn(`SKIPPED: ${compiler} is not here, no monitor is linked`)
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-limit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const machine = ['-march=rv32im_zicsr', '-mabi=ilp32']
const dataBytes = 200_000
const stackBytes = 0x1800

/** Links a program with that much zeroed data as a monitor; returns what it says. */
function link(symbols: string[]): string {
  const [source, object] = [path.join(folder, 'big.c'), path.join(folder, 'big.o')]
  writeFileSync(
    source,
    `char big[${dataBytes}]; __attribute__((section(".text.start"))) char *_start(void) { return big; }`
  )
  expect(spawnSync(compiler, [...machine, '-ffreestanding', '-c', source, '-o', object]).status).toBe(0)
  const script = pathToFileURL(path.resolve('scripts/firmware.mjs')).href
  const files = { elf: path.join(folder, 'big.elf'), bin: path.join(folder, 'big.bin') }
  const monitor = { name: 'monitor-xbb', machine }
  const code = `import { linkImage } from ${JSON.stringify(script)}
    try { console.log(linkImage(...${JSON.stringify([monitor, [object], symbols, files])}).length + ' bytes linked') }
    catch (error) { console.log(error.message) }`
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout
}

it.skipIf(!canBuild)('a monitor that is too long is named, with the bytes that are too many', () => {
  const [, name, bytes, tooMany] = /^(\S+) is too long: (\d+) bytes, (\d+) more than its 131072/.exec(
    link([])
  )!
  expect(name).toBe('monitor-xbb')
  // A few instructions beside data and stack.
  expect(Number(bytes) - dataBytes - stackBytes).toBeGreaterThan(0)
  expect(Number(bytes) - dataBytes - stackBytes).toBeLessThan(64)
  expect(Number(tooMany)).toBe(Number(bytes) - (128 << 10))
  expect(link(['-Wl,--defsym=MONITOR_LIMIT=0x40000'])).toMatch(/^\d+ bytes linked/)
})
