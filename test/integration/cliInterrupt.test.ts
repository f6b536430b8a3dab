import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-interrupt-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('an interrupt of a verb that computes without pause', () => {
  it('ends proxy evaluate at once, in the middle of a fit', async () => {
    const rows: string[] = []
    for (let shape = 1; shape <= 150; shape++)
      for (const qa of [8, 4, 2, 1])
        for (const qw of [8, 4, 2, 1])
          rows.push(`${shape},${2 * shape},${3 * shape},${qa},${qw},${6 * shape ** 3 * (qa + qw)}`)
    const file = path.join(folder, 'long.csv')
    writeFileSync(file, `N,M,K,QA,QW,Time\n${rows.join('\n')}\n`)
    const child = spawn(
      process.execPath,
      ['bin/bitbench.mjs', 'proxy', 'evaluate', file, '--kernel', 'matmul', '--json'],
      { stdio: ['ignore', 'pipe', 'pipe'] }
    )
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, by) => resolve(by)))
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      if (/random|shape/.test(told)) child.kill('SIGTERM')
    })
    expect(await ended).toBe('SIGTERM')
  })
})
