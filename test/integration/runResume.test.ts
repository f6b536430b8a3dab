import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench resume-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `bitbench` with data of its own; `killAt`: kills it with SIGKILL as soon as stderr matches. */
async function bitbench(words: string[], killAt?: RegExp) {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', ...words], {
    env: { ...process.env, BITBENCH_DATA: path.join(folder, 'data') }
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    if (killAt?.test(err)) child.kill('SIGKILL')
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { out, err, code }
}

describe('bitbench run resume', () => {
  it('goes on with a workload whose process was killed, from the trials it had reported', async () => {
    const runner = ['--', process.execPath, 'examples/workloads/anyRunner.mjs']
    const started = ['workload', 'run', '--no-power', '--ablation', 'zero', '--trials', '4', '--phase', '300']
    const killed = await bitbench([...started, ...runner], / [3-9]\/10 trials/)
    expect(killed.code).toBeNull()
    const id = /Run (\S+);/.exec(killed.err)?.[1]
    expect(killed.err).toContain(`bitbench run resume ${id}`)
    const stateOf = async () =>
      (JSON.parse((await bitbench(['run', 'show', id!, '--json'])).out) as { run: { state: string } }).run
        .state
    expect(await stateOf()).toBe('interrupted')

    const resumed = await bitbench(['run', 'resume', id!, '--json'])
    expect(resumed.err).not.toMatch(/ [0-2]\/10 trials/)
    expect(JSON.parse(resumed.out)).toMatchObject({ run: { id, state: 'done' } })
    const { out } = await bitbench(['workload', 'show', id!, '--json'])
    const { run } = JSON.parse(out) as { run: { steps: { trials: number; trialsDone: number }[] } }
    expect(run.steps.map(({ trials, trialsDone }) => trialsDone - trials)).toEqual([0, 0, 0, 0])
  })

  it('goes on with a collection of stage times, and measures no configuration twice', async () => {
    const runner = ['--', process.execPath, 'examples/workloads/stageRunner.mjs']
    const started = ['estimator', 'collect', '--configurations', '30', '--repetitions', '40']
    const killed = await bitbench([...started, ...runner], / ([3-9]|1\d)\/30 configurations/)
    expect(killed.code).toBeNull()
    const id = /Collection (\S+);/.exec(killed.err)?.[1]
    const resumed = await bitbench(['run', 'resume', id!, '--json'])
    expect(resumed.err).not.toMatch(/ [0-2]\/30 configurations .*promptTokens/)
    expect(JSON.parse(resumed.out)).toMatchObject({
      run: { id, kind: 'collection', state: 'done', detail: '30 of 30 configurations' }
    })
  })

  it('says which runs cannot go on', async () => {
    const { err, code } = await bitbench(['run', 'resume', 'none-of-this-id'])
    expect(code).toBe(1)
    expect(err).toContain('none-of-this-id')
  })
})
