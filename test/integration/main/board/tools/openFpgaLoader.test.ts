import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBitstream } from '@main/board/tools/openFpgaLoader'
import { makeBitFile } from '../../../../support/jtag/bitFile'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-standin-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Stands for openFPGALoader where a real flash would be needed: notes its arguments, answers --detect with a XC7A35, and
 * draws the bars of erasing, writing and reading back. With `hang` it stops in the middle.
 */
function standIn(hang: boolean): string {
  const file = path.join(folder, 'openFPGALoader')
  const script = `
    const fs = require('node:fs')
    const args = process.argv.slice(2)
    fs.appendFileSync(${JSON.stringify(path.join(folder, 'calls'))}, JSON.stringify(args) + '\\n')
    if (args.includes('--detect')) {
      process.stdout.write('index 0:\\n\\tidcode 0x362d093\\n\\tmanufacturer xilinx\\n\\tfamily artix a7 35t\\n\\tmodel  xc7a35\\n')
    } else {
      fs.accessSync(args.at(-1))
      process.stdout.write('write to flash\\nOpen file DONE\\nParse file DONE\\n')
      for (const step of ['Erasing', 'Writing', 'Read flash'])
        for (const share of [25, 50, 100]) process.stdout.write('\\r' + step + ': [=====>    ] ' + share + '.00%')
      if (${hang}) setInterval(() => {}, 1000)
      else process.stdout.write('\\nDone\\n')
    }`
  writeFileSync(file, `#!${process.execPath}\n${script}`)
  chmodSync(file, 0o755)
  return file
}

const calls = (): string[][] =>
  readFileSync(path.join(folder, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])

describe('a bitstream into flash', () => {
  const bitstream = { name: "o'top.bit", bytes: makeBitFile('7a35tcsg324', 1_000) }
  const options = {
    spawn,
    target: { kind: 'cable', name: 'ft2232', serial: 'A7' },
    memory: 'flash',
    part: 'xc7a35tcsg324',
    signal: new AbortController().signal,
    onProgress: () => undefined
  } as const

  it('is verified, names its exact part, and reaches the tool under a name of ours', async () => {
    const notes = new Set<string>()
    const { result, device } = await writeBitstream(bitstream, {
      ...options,
      program: standIn(false),
      onProgress: (_done, note) => notes.add(note)
    })
    expect(result).toMatch(/^xc7a35: .*in flash, verified$/)
    expect(device?.idcode).toBe(0x0362_d093)
    const [detect, write] = calls()
    expect(detect).toEqual(['--cable', 'ft2232', '--ftdi-serial', 'A7', '--detect'])
    expect(write!.slice(0, -1)).toEqual([
      ...['--cable', 'ft2232', '--ftdi-serial', 'A7'],
      ...['--write-flash', '--verify', '--fpga-part', 'xc7a35tcsg324']
    ])
    expect(path.basename(write!.at(-1)!)).toBe('design.bit')
    expect(existsSync(write!.at(-1)!)).toBe(false)
    expect([...notes]).toEqual(['asking the chain for its chip', 'erasing', 'writing', 'read flash'])
  })

  it('a cancel in the middle ends the tool and removes its file', async () => {
    const controller = new AbortController()
    const writing = writeBitstream(bitstream, {
      ...options,
      program: standIn(true),
      signal: controller.signal,
      onProgress: (_done, note) => note === 'writing' && controller.abort()
    })
    await expect(writing).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(existsSync(calls()[1]!.at(-1)!)).toBe(false)
  })
})
