import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../freePort'
import { createPtyPair } from '../ptyPair'
import { until } from '../until'
import { startEcho } from './echoServer'
import type { LabServer } from './labServer'

const run = promisify(execFile)

/** Whether labgrid 24 or newer (its coordinator speaks gRPC) and ser2net are installed here. */
export function hasRealCoordinator(): boolean {
  const help = spawnSync('labgrid-coordinator', ['--help'], { encoding: 'utf8' })
  return (
    help.status === 0 && help.stdout.includes('--listen') && spawnSync('ser2net', ['-v']).error === undefined
  )
}

/** labgrid's own coordinator and exporter, set up by its own client. */
export async function startRealCoordinator(): Promise<LabServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-labgrid-'))
  const address = `127.0.0.1:${await freePort()}`
  const echo = await startEcho()
  const pty = await createPtyPair()
  const back = createReadStream(pty.peer)
  back.on('error', () => undefined)
  back.pipe(createWriteStream(pty.peer)).on('error', () => undefined)
  let coordinator: ChildProcess
  let exporter: ChildProcess

  const client = async (args: string[], user = 'setup/root'): Promise<string> => {
    const [LG_HOSTNAME, LG_USERNAME] = user.split('/')
    const env = { ...process.env, LG_HOSTNAME, LG_USERNAME }
    return (await run('labgrid-client', ['-x', address, ...args], { env, cwd: folder })).stdout
  }
  const startCoordinator = async (): Promise<void> => {
    coordinator = spawn('labgrid-coordinator', ['-l', address], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore']
    })
    await new Promise((resolve) => coordinator.stdout!.once('data', resolve))
  }
  const startExporter = (): void => {
    const line = `cls: NetworkSerialPort\n    host: 127.0.0.1\n    port: ${echo.tcpPort}\n    protocol: raw\n`
    const raw = `rack1:\n  RawSerialPort:\n    port: ${realpathSync(pty.port)}\n`
    writeFileSync(path.join(folder, 'lines.yaml'), `${raw}rack2:\n  a:\n    ${line}  b:\n    ${line}`)
    exporter = spawn(
      'labgrid-exporter',
      ['-c', address, '-n', 'host', '--hostname', '127.0.0.1', path.join(folder, 'lines.yaml')],
      { cwd: folder, stdio: 'ignore' }
    )
  }
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
    await ended
    clearTimeout(timer)
  }

  await startCoordinator()
  startExporter()
  await until(async () => (await client(['resources'])).includes('rack2'))
  for (const [name, pattern] of [
    ['rack1', '*/rack1/*'],
    ['rack2', '*/rack2/NetworkSerialPort'],
    ['empty', '*/nothing/*']
  ] as const) {
    await client(['-p', name, 'create'])
    await client(['-p', name, 'add-match', pattern])
  }
  await client(['-p', 'rack1', 'add-alias', 'first'])
  return {
    address,
    acquireAs: async (user, place) => void (await client(['-p', place, 'acquire'], user)),
    kick: async (place) => void (await client(['-p', place, 'release', '--kick'])),
    async holderOf(place) {
      const rows = (await client(['who'])).split('\n').map((row) => row.trim().split(/\s+/))
      const row = rows.find((cells) => cells[2] === place)
      return row === undefined ? null : `${row[1]}/${row[0]}`
    },
    halt: () => end(coordinator),
    async restart() {
      await startCoordinator()
      if (exporter.exitCode !== null) startExporter()
      await until(async () => (await client(['resources'])).includes('rack2'))
    },
    async stop() {
      await end(exporter)
      await end(coordinator)
      back.destroy()
      await pty.unplug()
      await echo.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
