import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { untilListening } from './consoleServers'
import { freePort } from './freePort'

/** Debian's Slurm with one node that has one GPU in name, on 127.0.0.1 as this user. */
export interface SlurmCluster {
  /** Environment of commands that talk to it: SLURM_CONF. */
  readonly env: NodeJS.ProcessEnv
  /** Runs a command of Slurm and returns what it prints. */
  run(program: string, ...args: string[]): string
  /** Ids and states of the jobs in the queue, e.g. ["3 RUNNING"]. */
  queue(): string[]
  stop(): Promise<void>
}

/** Programs of slurm-wlm that a test needs. */
export const slurmPrograms = ['slurmctld', 'slurmd', 'munged', 'srun', 'sbatch'] as const

/** Debian puts daemons outside the path of ordinary users. */
const daemonPath = `/usr/sbin:/sbin:${process.env['PATH']}`

/** Whether every program is installed. */
export const hasSlurm = (): boolean =>
  slurmPrograms.every(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH: daemonPath } }).status === 0
  )

/** Starts munge, controller and node; resolves when the node takes jobs. */
export async function startSlurm(): Promise<SlurmCluster> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-slurm-'))
  const file = (name: string): string => path.join(folder, name)
  for (const name of ['munge', 'state', 'spool']) mkdirSync(file(name), { mode: 0o700 })
  writeFileSync(file('munge/key'), randomBytes(1024), { mode: 0o600 })
  const [controlPort, nodePort] = [await freePort(), await freePort()]
  writeFileSync(file('slurm.conf'), slurmSettings(file, controlPort, nodePort))
  writeFileSync(file('gres.conf'), `NodeName=${os.hostname()} Name=gpu File=/dev/null\n`)
  const env = { ...process.env, PATH: daemonPath, SLURM_CONF: file('slurm.conf') }
  const daemons: ChildProcess[] = []
  const daemon = (program: string, ...args: string[]): ChildProcess => {
    const child = spawn(program, args, { env, stdio: 'ignore' })
    daemons.push(child)
    return child
  }
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = async (): Promise<void> => {
    for (const child of daemons.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    daemon('munged', '--foreground', '--force', ...mungeFiles(file))
    const controller = daemon('slurmctld', '-D', '-i')
    await untilListening(controlPort, () => {
      if (controller.exitCode !== null) throw new Error(readFileSync(file('controller.log'), 'utf8'))
    })
    daemon('slurmd', '-D')
    for (let tries = 0; !run('sinfo', '-h', '-o', '%T').includes('idle'); tries++) {
      if (tries > 200) throw new Error(`the node takes no jobs: ${readFileSync(file('node.log'), 'utf8')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } catch (reason) {
    await stop()
    throw reason
  }
  return {
    ...{ env, run, stop },
    queue: () =>
      run('squeue', '-h', '-o', '%i %T')
        .split('\n')
        .filter((line) => line !== '')
  }
}

const mungeFiles = (file: (name: string) => string): string[] => [
  `--key-file=${file('munge/key')}`,
  `--socket=${file('munge/socket')}`,
  `--pid-file=${file('munge/pid')}`,
  `--log-file=${file('munge/log')}`,
  `--seed-file=${file('munge/seed')}`,
  '--num-threads=1'
]

function slurmSettings(file: (name: string) => string, controlPort: number, nodePort: number): string {
  const host = os.hostname()
  const user = os.userInfo().username
  return [
    'ClusterName=bitbench',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controlPort}`,
    `SlurmdPort=${nodePort}`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    'AuthType=auth/munge',
    // A job that is put back waits as long as a credential lasts: 120 s without this.
    `AuthInfo=socket=${file('munge/socket')},cred_expire=5`,
    `StateSaveLocation=${file('state')}`,
    `SlurmdSpoolDir=${file('spool')}`,
    `SlurmctldPidFile=${file('controller.pid')}`,
    `SlurmdPidFile=${file('node.pid')}`,
    `SlurmctldLogFile=${file('controller.log')}`,
    `SlurmdLogFile=${file('node.log')}`,
    'ProctrackType=proctrack/pgid',
    'TaskPlugin=task/none',
    'SwitchType=switch/none',
    'MpiDefault=none',
    'ReturnToService=2',
    'SchedulerType=sched/builtin',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/none',
    'JobRequeue=1',
    'KillWait=20',
    'GresTypes=gpu',
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=1 Gres=gpu:1 State=UNKNOWN`,
    `PartitionName=main Nodes=${host} Default=YES MaxTime=60 State=UP`,
    ''
  ].join('\n')
}
