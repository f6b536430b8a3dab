import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sayskip } from '../../support/ptyPair'
import { openRemoteBench, shortRests, type RemoteBench } from '../../support/remoteBitbench'
import { hasSlurm, startSlurm, type SlurmCluster } from '../../support/slurm'
import { until } from '../../support/until'

/** Recordings through Debian's Slurm with one node; the far side needs a build. */
const isThere = hasSlurm()
if (!isThere) sayskip('GPU hosts behind Slurm', 'slurm-wlm and munge')

describe.skipIf(!isThere)('a GPU host behind Slurm', () => {
  let slurm: SlurmCluster
  let bench: RemoteBench
  let shared: string
  beforeAll(async () => {
    slurm = await startSlurm()
    bench = await openRemoteBench()
    shared = path.join(bench.folder, 'shared folder')
    mkdirSync(shared)
    const env = ['env', `SLURM_CONF=${slurm.env['SLURM_CONF']}`]
    await bench.add('srun', [...env, 'srun', '--gres=gpu:1'])
    const batch = [...env, 'sbatch', '--wait', '--requeue', '--gres=gpu:1', '--output=/dev/null']
    await bench.add('batch', batch, { sharedFolder: shared })
  }, 300_000)
  afterEach(() => {
    for (const line of slurm.queue()) slurm.run('scancel', line.split(' ')[0]!)
    Object.assign(bench.printed, { stdout: '', stderr: '' })
  })
  afterAll(async () => {
    await bench.close()
    await slurm.stop()
  })

  const record = async (host: string, command: string[]): Promise<string> => {
    const request = { command, ...shortRests }
    return (await bench.client.call('remote.record', { host, request })).jobId
  }
  const recordingOf = async (id: string) => (await bench.client.call('gpu.recording', { id })).recording
  /** A command that runs until SIGTERM. */
  const patient = ['sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.1; done']

  it('waits in the queue for the GPU and then records with it', async () => {
    const first = await record('srun', patient)
    await bench.untilPrinted('up\n')
    const second = await record('srun', ['sh', '-c', 'echo "device $CUDA_VISIBLE_DEVICES"'])
    await until(() => slurm.queue().some((line) => line.endsWith('PENDING')))
    expect(slurm.queue().filter((line) => line.endsWith('RUNNING'))).toHaveLength(1)
    await bench.client.call('job.cancel', { id: first })
    expect((await bench.arrived(first)).error?.code).toBe('job.cancelled')
    const { error, runIds } = await bench.arrived(second)
    expect(error).toBeNull()
    // The allocation reached the recorded command.
    expect(bench.printed.stdout).toContain('device 0\n')
    expect(await recordingOf(runIds[0]!)).toMatchObject({ state: 'done', driverVersion: '550.54.15' })
    await until(() => slurm.queue().length === 0)
  }, 300_000)

  it('leaves the queue when it is cancelled before it began', async () => {
    const first = await record('srun', patient)
    await bench.untilPrinted('up\n')
    const second = await record('srun', ['true'])
    // From here on srun takes its job out of the queue when it ends; a signal before leaves the job there.
    await until(() => bench.printed.stderr.includes('queued and waiting for resources'))
    await bench.client.call('job.cancel', { id: second })
    expect(await bench.arrived(second)).toMatchObject({ error: { code: 'job.cancelled' }, runIds: [] })
    await until(() => slurm.queue().length === 1)
    await bench.client.call('job.cancel', { id: first })
    await bench.arrived(first)
  }, 300_000)

  it('reports a job that scancel ended', async () => {
    const job = await record('srun', patient)
    await bench.untilPrinted('up\n')
    slurm.run('scancel', slurm.queue()[0]!.split(' ')[0]!)
    const { error } = await bench.arrived(job)
    expect(error?.code).toBe('remote.lost')
    expect(bench.printed.stderr).toContain('CANCELLED')
  }, 300_000)

  it('does the task again when a batch job was put back into the queue', async () => {
    const starts = path.join(bench.folder, 'starts')
    // The first start waits for its end, the second ends by itself.
    const script = `echo x >> '${starts}'; [ $(wc -l < '${starts}') -gt 1 ] || sleep 600`
    const job = await record('batch', ['sh', '-c', script])
    await until(() => existsSync(starts))
    slurm.run('scontrol', 'requeue', slurm.queue()[0]!.split(' ')[0]!)
    const { error, runIds } = await bench.arrived(job)
    expect(error).toBeNull()
    expect(readFileSync(starts, 'utf8')).toBe('x\nx\n')
    expect(runIds).toHaveLength(1)
    expect(await recordingOf(runIds[0]!)).toMatchObject({ state: 'done', exitCode: 0 })
    const { run } = await bench.client.call('run.get', { id: runIds[0]! })
    expect(run.origin).toMatchObject({ host: 'batch', restarts: 1 })
    expect(readdirSync(shared)).toEqual([])
  }, 300_000)

  it('cancels a batch job that runs and one that waits', async () => {
    const first = await record('batch', patient)
    await bench.untilPrinted('up\n')
    const second = await record('batch', ['true'])
    await until(() => slurm.queue().some((line) => line.endsWith('PENDING')))
    await bench.client.call('job.cancel', { id: second })
    expect((await bench.arrived(second)).error?.code).toBe('job.cancelled')
    await bench.client.call('job.cancel', { id: first })
    const { error, runIds } = await bench.arrived(first)
    expect(error?.code).toBe('job.cancelled')
    expect((await recordingOf(runIds[0]!)).state).toBe('cancelled')
    await until(() => slurm.queue().length === 0)
    expect(readdirSync(shared)).toEqual([])
  }, 300_000)
})
