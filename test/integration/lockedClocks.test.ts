import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeSmiFile, temporaryFolder } from '../fixtures/smi/standIn'

/** Commands that have to end with a test. */
const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

interface Started {
  readonly child: ChildProcess
  /** Exit code, or the signal that ended it, and what it wrote. */
  readonly ended: Promise<{ by: number | NodeJS.Signals | null; stderr: string; stdout: string }>
}

/** The command line with the stand-in; `smi` is its setup. */
function bitbench(smi: Record<string, unknown>, ...args: string[]): Started {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BITBENCH_NVIDIA_SMI: fakeSmiFile, FAKE_SMI: JSON.stringify(smi) }
  })
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  const ended: Started['ended'] = new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ by: code ?? signal, stdout, stderr }))
  )
  return { child, ended }
}

const logOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []

/** Prints a line, then goes on until its output is closed. */
const endless = "console.log('begun'); setInterval(() => console.log('on'), 200)"

/** A recording with a locked clock that was stored and whose command runs. */
async function lockedRecording(clocks: string, data: string): Promise<Started> {
  const started = bitbench(
    { clocks },
    ...[
      'gpu',
      'record',
      '--idle',
      '200',
      '--lock-clock',
      '900',
      '--data',
      data,
      '--',
      process.execPath,
      '-e',
      endless
    ]
  )
  let printed = ''
  started.child.stdout!.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  await vi.waitFor(() => expect(printed).toContain('begun'), 30_000)
  expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900'])
  return started
}

const recordNow = (data: string): string[] => [
  ...['gpu', 'record', '--idle', '500', '--data', data, '--', process.execPath, '-e', '0']
]

describe('a clock that was locked', () => {
  it('is given back when a second signal ends the process at once', async () => {
    const folder = temporaryFolder()
    const clocks = path.join(folder, 'clocks')
    const { child, ended } = bitbench(
      { clocks },
      ...[
        'gpu',
        'record',
        '--idle',
        '60000',
        '--lock-clock',
        '900',
        '--data',
        folder,
        '--',
        process.execPath,
        '-e',
        '0'
      ]
    )
    await vi.waitFor(() => expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900']), 30_000)
    child.kill('SIGTERM')
    child.kill('SIGINT')
    expect([130, 143]).toContain((await ended).by)
    expect(logOf(clocks).at(-1)).toBe('-i 0 -rgc')
  })

  it('is given back in order when timeout signals the process and its group', async () => {
    const folder = temporaryFolder()
    const clocks = path.join(folder, 'clocks')
    const { child, ended } = await lockedRecording(clocks, folder)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGTERM'), 20)
    expect((await ended).by).toBe(143)
    expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900', '-i 0 -rgc'])
  })

  it('is given back after SIGKILL before the first reading too', async () => {
    const folder = temporaryFolder()
    const clocks = path.join(folder, 'clocks')
    // It gives no reading, so that nothing of the recording itself is stored.
    const { child, ended } = bitbench(
      { clocks, hangAfter: 0, faultyStarts: 99 },
      ...['gpu', 'record', '--lock-clock', '900', '--data', folder, '--', process.execPath, '-e', endless]
    )
    await vi.waitFor(() => expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900']), 30_000)
    child.kill('SIGKILL')
    await ended
    const freed = await bitbench({ clocks }, ...recordNow(folder)).ended
    expect(freed.stderr).toContain('back (900 MHz): that was done now.')
    expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900', '-i 0 -rgc'])
  })

  it('leaves no recording behind where it was refused', async () => {
    const folder = temporaryFolder()
    const clocks = path.join(folder, 'clocks')
    const refused = await bitbench(
      { clocks, refuseClocks: true },
      ...['gpu', 'record', '--lock-clock', '900', '--data', folder, '--', process.execPath, '-e', '0']
    ).ended
    expect(refused.by).toBe(1)
    expect(refused.stderr).toContain('could not be locked at 900 MHz')
    const list = await bitbench({ clocks }, 'gpu', 'show', '--json', '--data', folder).ended
    expect(JSON.parse(list.stdout)).toEqual({ recordings: [], unreadable: [] })
  })

  it('is given back by the next recording after SIGKILL, which says so; where that is refused, the figures say it', async () => {
    const folder = temporaryFolder()
    const clocks = path.join(folder, 'clocks')
    const { child, ended } = await lockedRecording(clocks, folder)
    child.kill('SIGKILL')
    await ended
    expect(logOf(clocks)).toHaveLength(1)
    const refused = await bitbench({ clocks, stickyClocks: true }, ...recordNow(folder)).ended
    expect(refused.stdout).toMatch(
      /locked the SM clock of GPU 0 at 900 MHz and did not give it back; it may still be locked \(GPU 0: The current user does/
    )
    const freed = await bitbench({ clocks }, ...recordNow(folder)).ended
    expect(freed.stderr).toContain(
      'ended without giving the SM clock of GPU 0 back (900 MHz): that was done now.'
    )
    expect(freed.stdout).not.toContain('SM clock')
    expect(logOf(clocks)).toEqual(['-i 0 -lgc 900,900', '-i 0 -rgc'])
    // Once.
    const third = await bitbench({ clocks }, ...recordNow(folder)).ended
    expect(third.stderr).not.toContain('ended without')
    expect(logOf(clocks)).toHaveLength(2)
  })
})
