import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTool } from '@main/board/tools/toolProcess'
import { withToolFile } from '@main/board/tools/toolFile'
import { until } from '../../../../support/until'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-standin-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A program of our own that stands for any external tool. */
function standIn(script: string): string {
  const file = path.join(folder, 'stand-in')
  writeFileSync(file, `#!${process.execPath}\n${script}`)
  chmodSync(file, 0o755)
  return file
}

function start(script: string, change: Partial<Parameters<typeof startTool>[0]> = {}) {
  const lines: string[] = []
  const run = startTool({
    spawn,
    program: standIn(script),
    args: [],
    onLine: (line) => lines.push(line),
    signal: new AbortController().signal,
    silenceMs: 30_000,
    limitMs: 30_000,
    ...change
  })
  return { run, lines }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('external programs', () => {
  it('arguments arrive as they are, both outputs are read to the end, the status is told', async () => {
    const { run, lines } = start(
      `for (const a of process.argv.slice(2)) console.log(a)
       process.stderr.write('10%\\r20%\\rno line end'); process.exitCode = 3`,
      { args: ['a b', '$(touch x)', "it's", ''] }
    )
    expect(await run.ended).toBe(3)
    expect(lines.filter((line) => !/%|end/.test(line))).toEqual(['a b', '$(touch x)', "it's", ''])
    expect(lines.filter((line) => /%|end/.test(line))).toEqual(['10%', '20%', 'no line end'])
  })

  it('a character split between two pieces stays whole', async () => {
    const { run, lines } = start(
      `const b = Buffer.from('µs\\n'); process.stdout.write(b.subarray(0, 1))
       setTimeout(() => process.stdout.write(b.subarray(1)), 50)`
    )
    await run.ended
    expect(lines).toEqual(['µs'])
  })

  it('cancelling ends the program, even one that ignores the request', async () => {
    const controller = new AbortController()
    const { run, lines } = start(
      `process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)`,
      { signal: controller.signal }
    )
    await until(() => lines.length > 0)
    controller.abort()
    await expect(run.ended).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(isAlive(Number(lines[0]))).toBe(false)
  })

  it('a program that falls silent is ended; one that talks on is not', async () => {
    const silent = start(`console.log('here'); setInterval(() => {}, 1000)`, { silenceMs: 700 })
    await expect(silent.run.ended).rejects.toMatchObject({
      code: 'board.timeout',
      message: expect.stringContaining('said nothing')
    })
    const talking = start(
      `let n = 0; const t = setInterval(() => { console.log(n); if (++n > 40) clearInterval(t) }, 100)`,
      { silenceMs: 3_000 }
    )
    expect(await talking.run.ended).toBe(0)
  })

  it('a program that never ends is ended at the limit', async () => {
    const { run } = start(`setInterval(() => console.log('busy'), 50)`, { limitMs: 800 })
    await expect(run.ended).rejects.toMatchObject({
      code: 'board.timeout',
      message: expect.stringContaining('ran for')
    })
  })

  it('a program that cannot be started is told as missing', async () => {
    const { run } = start('', { program: path.join(folder, 'nothing-here') })
    await expect(run.ended).rejects.toMatchObject({ code: 'tool.missing' })
  })

  it('one that is cancelled before it began still ends', async () => {
    const { run } = start(`setInterval(() => {}, 1000)`, { signal: AbortSignal.abort() })
    await expect(run.ended).rejects.toMatchObject({ code: 'job.cancelled' })
  })

  it('input after its end is nobody’s loss', async () => {
    const { run } = start('process.exit(0)')
    expect(await run.ended).toBe(0)
    run.write('too late\n')
    await run.stop()
  })
})

describe('files for external programs', () => {
  it('are there during the work and gone after it, whatever happens', async () => {
    let seen = ''
    await expect(
      withToolFile('design.bit', Uint8Array.of(1, 2), async (file) => {
        seen = file
        expect([...readFileSync(file)]).toEqual([1, 2])
        throw new Error('the tool failed')
      })
    ).rejects.toThrow('the tool failed')
    expect(existsSync(seen)).toBe(false)
    expect(path.basename(seen)).toBe('design.bit')
  })
})
