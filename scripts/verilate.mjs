// Makes a program of the core in resources/rtl with Verilator: verilate({xbb}) -> its path in build/rtl, or null without the tools.
// It is made again only when a source, a setting or this file has changed.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository: upwards from here, because a bundled copy of this file runs from build/. */
function findRoot(from) {
  const isHere = existsSync(path.join(from, 'resources', 'rtl', 'core.v'))
  return isHere || from === path.dirname(from) ? from : findRoot(path.dirname(from))
}

const root = findRoot(path.dirname(fileURLToPath(import.meta.url)))
/** Where the Verilog is. */
export const rtlFolder = path.join(root, 'resources', 'rtl')
/** As much RAM as the virtual board has. */
const ramBytes = 1 << 20
/** Absolute paths of the modules that make the board. */
export function rtlSources() {
  return readdirSync(rtlFolder)
    .filter((name) => name.endsWith('.v'))
    .sort()
    .map((name) => path.join(rtlFolder, name))
}

const isHere = (tool) => spawnSync(tool, ['--version']).status === 0

/** The verilated board with or without the unit; null where Verilator, g++ or make is missing. Throws with the tool's words. */
export function verilate({ xbb }) {
  const main = path.join(rtlFolder, 'sim', 'main.cpp')
  const sources = rtlSources()
  const hash = createHash('sha256')
  for (const file of [...sources, main, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file))
  const name = `${xbb ? 'xbb' : 'plain'}-${hash.digest('hex').slice(0, 16)}`
  const file = path.join(root, 'build', 'rtl', name, 'board')
  if (existsSync(file)) return file
  if (!['verilator', 'g++', 'make'].every(isHere)) return null
  const folder = path.join(root, 'build', 'rtl', `${name}.${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const { status, stdout, stderr } = spawnSync(
    'verilator',
    [
      ...'--cc --exe --build -O3 --x-assign fast --x-initial fast --noassert -Wno-fatal -Wno-WIDTH'.split(
        ' '
      ),
      ...['--top-module', 'soc', `-GXBB=${xbb ? 1 : 0}`, `-GRAM_BYTES=${ramBytes}`],
      ...[
        '-CFLAGS',
        `-std=c++17 -DRAM_BYTES=${ramBytes}`,
        '-MAKEFLAGS',
        'OPT_FAST=-O2 OPT_SLOW=-O1 OPT_GLOBAL=-O1'
      ],
      ...['--Mdir', folder, '-o', 'board', ...sources, main]
    ],
    { cwd: root, encoding: 'utf8' }
  )
  if (status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`verilator failed:\n${stdout}\n${stderr}`)
  }
  const target = path.dirname(file)
  try {
    renameSync(folder, target)
  } catch (error) {
    // Another process was faster.
    rmSync(folder, { recursive: true, force: true })
    if (!existsSync(file)) throw error
  }
  return file
}
