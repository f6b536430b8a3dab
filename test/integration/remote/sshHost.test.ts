import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sayskip } from '../../support/ptyPair'
import { openRemoteBench, shortRests, type RemoteBench } from '../../support/remoteBitbench'
import { sshdPath, startSshServer, type SshServer } from '../../support/sshServer'
import { until } from '../../support/until'

/** Recordings and workloads through a real ssh on this machine; the far side needs a build. */
const hasSsh = existsSync(sshdPath)
if (!hasSsh) sayskip('GPU hosts behind ssh', 'openssh-server')

describe.skipIf(!hasSsh)('a GPU host behind ssh', () => {
  let ssh: SshServer
  let bench: RemoteBench
  let work: string
  beforeAll(async () => {
    ssh = await startSshServer()
    bench = await openRemoteBench()
    work = path.join(bench.folder, 'work folder')
    mkdirSync(work)
    await bench.add('gpu1', ssh.prefix, { folder: work })
  }, 300_000)
  beforeEach(() => void Object.assign(bench.printed, { stdout: '', stderr: '' }))
  afterAll(async () => {
    await bench.close()
    await ssh.stop()
  })

  const record = async (command: string[], host = 'gpu1'): Promise<string> => {
    const request = { command, ...shortRests }
    return (await bench.client.call('remote.record', { host, request })).jobId
  }
  /** A command that runs until SIGTERM, and leaves a file then. */
  const patient = (marker: string, meanwhile = ':'): string[] => [
    'sh',
    '-c',
    `trap 'touch "${marker}"; exit 0' TERM; echo up; while ${meanwhile}; do sleep 0.1; done`
  ]

  it('is checked: version, driver, GPU, and a clock that is this very one', async () => {
    const found = await bench.client.call('remote.check', { host: 'gpu1' })
    expect(found).toMatchObject({ driver: '550.54.15', gpus: ['Stand-in A100'], problem: null })
    // The same clock: the true offset is 0, so the bound must hold it.
    expect(Math.abs(found.clock.offsetMs!)).toBeLessThanOrEqual(found.clock.uncertaintyMs!)
    expect(statSync(path.join(bench.folder, 'data', 'gpuHosts.json')).mode & 0o777).toBe(0o600)
  }, 300_000)

  it('measures a clock that is five seconds ahead', async () => {
    const skew = path.join(bench.folder, 'skew.cjs')
    writeFileSync(skew, 'const now = Date.now\nDate.now = () => now() + 5000\n')
    await bench.add('ahead', [...ssh.prefix, 'env', `NODE_OPTIONS=--require=${skew}`])
    const { clock } = await bench.client.call('remote.check', { host: 'ahead' })
    expect(Math.abs(clock.offsetMs! - 5000)).toBeLessThanOrEqual(clock.uncertaintyMs!)
  }, 300_000)

  it('records a command there whose words come over unchanged', async () => {
    const words = ['a  b', "it's", '$HOME', '`id`', '', '*', 'ü\n"x"', '--host']
    const script = 'console.log(JSON.stringify([process.cwd(), ...process.argv.slice(1)]))'
    const command = ['node', '-e', script, '--', ...words]
    const { error, runIds } = await bench.arrived(await record(command))
    expect(error).toBeNull()
    expect(JSON.parse(bench.printed.stdout)).toEqual([work, ...words])
    expect(runIds).toHaveLength(1)
    const { recording } = await bench.client.call('gpu.recording', { id: runIds[0]! })
    expect(recording).toMatchObject({ state: 'done', exitCode: 0, command, driverVersion: '550.54.15' })
    const out = path.join(bench.folder, 'samples.csv')
    const { files } = await bench.client.call('gpu.exportRecording', { id: recording.id, file: out })
    expect(files[0]).toEqual({ file: out, rows: recording.samples })
    const { run } = await bench.client.call('run.get', { id: recording.id })
    expect(run).toMatchObject({ origin: { host: 'gpu1', driver: '550.54.15', restarts: 0 } })
  }, 300_000)

  it('goes through two shells', async () => {
    await bench.add('behind', [...ssh.prefix, 'ssh', '-F', `'${ssh.prefix[2]!}'`, 'gpu1'])
    const found = await bench.client.call('remote.check', { host: 'behind' })
    expect(found.gpus).toEqual(['Stand-in A100'])
  }, 300_000)

  it('runs a workload there, with power, and does not resume it here', async () => {
    const runner = { kind: 'onnx' as const, model: 'gloss-classifier', samples: 16 }
    const quick = { precisions: ['fp32' as const], kinds: ['benchmark' as const], phaseMs: 20, trials: 2 }
    const rest = {
      ablations: ['mean' as const],
      power: true,
      intervalMs: 20,
      idleMs: 200,
      confidence: 0.95,
      seed: 1
    }
    const request = { runner, ...quick, ...rest }
    const { jobId } = await bench.client.call('remote.workload', { host: 'gpu1', request })
    const { error, runIds } = await bench.arrived(jobId)
    expect(error).toBeNull()
    const { runs } = await bench.client.call('workload.list', {})
    expect(runs).toMatchObject([{ state: 'done', power: { gpu: 'Stand-in A100', origin: 'simulated' } }])
    // The run and the recording of its power.
    expect(runIds.sort()).toEqual([runs[0]!.id, ...runs[0]!.recordingIds].sort())
    await expect(bench.client.call('run.resume', { id: runs[0]!.id })).rejects.toMatchObject({
      code: 'job.notResumable'
    })
  }, 300_000)

  it('ends without a word where nothing stands between: no ssh, one process', async () => {
    await bench.add('beside', ['env'])
    const { error } = await bench.arrived(await record(['true'], 'beside'))
    expect(error).toBeNull()
    expect(bench.printed.stderr).not.toMatch(/fault|EPIPE/)
  }, 300_000)

  it('collects stage times there, and samples of all that was measured are here', async () => {
    const runner = { kind: 'onnx' as const, model: 'gloss-language' }
    const knobs = { promptTokens: { values: [4, 8] }, outputTokens: { values: [2] }, batch: { values: [1] } }
    const request = { runner, knobs, configurations: 2, repetitions: 2, seed: 1 }
    const { jobId } = await bench.client.call('remote.collect', { host: 'gpu1', request })
    const { error, runIds } = await bench.arrived(jobId)
    expect(error).toBeNull()
    expect(runIds).toHaveLength(1)
    const { collection, samples } = await bench.client.call('estimator.collection', { id: runIds[0]! })
    expect(collection).toMatchObject({ state: 'done', measured: 2, failed: 0 })
    expect(samples.map(({ knobs: { promptTokens } }) => promptTokens).sort()).toEqual([4, 4, 8, 8])
    const { run } = await bench.client.call('run.get', { id: runIds[0]! })
    expect(run).toMatchObject({ origin: { host: 'gpu1' } })
    await expect(bench.client.call('run.resume', { id: runIds[0]! })).rejects.toMatchObject({
      code: 'job.notResumable'
    })
  }, 300_000)

  it('keeps the recording of a command that fails there', async () => {
    const { runIds } = await bench.arrived(await record(['sh', '-c', 'exit 7']))
    const { recording } = await bench.client.call('gpu.recording', { id: runIds[0]! })
    expect(recording).toMatchObject({ state: 'commandFailed', exitCode: 7 })
  }, 300_000)

  it('ends the command there when the job is cancelled, and keeps what was recorded', async () => {
    const marker = path.join(bench.folder, 'ended')
    const jobId = await record(patient(marker))
    await bench.untilPrinted('up\n')
    await bench.client.call('job.cancel', { id: jobId })
    const { error, runIds } = await bench.arrived(jobId)
    expect(error?.code).toBe('job.cancelled')
    expect(existsSync(marker)).toBe(true)
    const { recording } = await bench.client.call('gpu.recording', { id: runIds[0]! })
    expect(recording.state).toBe('cancelled')
  }, 300_000)

  it.each([
    ['is quiet', ':'],
    ['prints', 'echo more']
  ])(
    'reports a connection that breaks, and a command there that %s ends',
    async (what, meanwhile) => {
      const marker = path.join(bench.folder, `left alone, ${what}`)
      const far = path.join(bench.folder, `far-${meanwhile.length}`)
      mkdirSync(far)
      await bench.add('breaks', [...ssh.prefix, 'env', `TMPDIR=${far}`])
      const jobId = await record(patient(marker, meanwhile), 'breaks')
      await bench.untilPrinted('up\n')
      ssh.breakConnections()
      expect((await bench.arrived(jobId)).error?.code).toBe('remote.lost')
      await until(() => existsSync(marker))
      // The process there ends in order: nothing of its data folder stays.
      await until(() => readdirSync(far).length === 0)
    },
    300_000
  )

  it('reports a command that is not found there, a port where nothing listens, a prefix that is no program', async () => {
    const check = (host: string) => bench.client.call('remote.check', { host })
    await bench.add('bare', ssh.prefix, { bitbench: ['/no such/bitbench'] })
    await expect(check('bare')).rejects.toMatchObject({
      code: 'remote.unreachable',
      message: expect.stringMatching(/exit code 127.*\/no such\/bitbench/) as string
    })
    await bench.add('gone', ['ssh', '-p', '1', '127.0.0.1'])
    await expect(check('gone')).rejects.toMatchObject({ code: 'remote.unreachable' })
    await bench.add('none', ['/no/such/program'])
    await expect(check('none')).rejects.toMatchObject({ code: 'remote.unreachable' })
    await expect(check('unknown')).rejects.toMatchObject({ code: 'input.notFound' })
  }, 300_000)

  it('is used from the command line', async () => {
    const words = ['gpu', 'record', '--host', 'gpu1', '--idle', '200', '--idle-after', '100', '--json']
    const data = path.join(bench.folder, 'cli')
    const bitbench = (...all: string[]): Promise<string> =>
      new Promise((resolve, reject) =>
        execFile(
          process.execPath,
          ['bin/bitbench.mjs', ...all],
          { env: { ...process.env, BITBENCH_DATA: data } },
          (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr)))
        )
      )
    const there = [process.execPath, path.resolve('bin/bitbench.mjs')].flatMap((word) => ['--bitbench', word])
    // ssh gives the words of a prefix to a shell there: a path with a space is quoted by whoever names it.
    const standIn = ['env', `BITBENCH_NVIDIA_SMI='${path.resolve('test/fixtures/smi/fakeSmi.mjs')}'`]
    await bitbench('remote', 'add', 'gpu1', ...there, '--', ...ssh.prefix, ...standIn)
    const shown = JSON.parse(await bitbench(...words, '--', 'true')) as object
    expect(shown).toMatchObject({
      recording: { state: 'done', command: ['true'] },
      made: [expect.stringMatching(/^Made on gpu1 .*driver 550\.54\.15, clock /)]
    })
  }, 300_000)
})
