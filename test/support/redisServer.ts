import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './freePort'

/** Debian's redis-server on 127.0.0.1, in a folder of its own. */
export interface RedisServer {
  readonly tcpPort: number
  /** redis://127.0.0.1:PORT, without password. */
  readonly address: string
  /** A client for looking at what is on the server; throws while it is down. */
  readonly client: Redis
  /** Ends it as a power failure does. */
  kill(): Promise<void>
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const safeSettings = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction']

/** @param folder where its data lie; a new one that goes with it unless named.
 * @param settings more settings of redis-server; `safe: false`: as Debian ships it, without append-only file */
export async function startRedis(
  options: { safe?: boolean; settings?: string[]; password?: string; folder?: string } = {}
): Promise<RedisServer> {
  const { safe = true, settings = [], password } = options
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'bitbench-redis-'))
  const tcpPort = await freePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn(
      'redis-server',
      [
        ...[
          '--port',
          String(tcpPort),
          '--bind',
          '127.0.0.1',
          '--dir',
          folder,
          '--save',
          '',
          '--daemonize',
          'no'
        ],
        ...(safe ? safeSettings : []),
        ...(password === undefined ? [] : ['--requirepass', password]),
        ...settings
      ],
      { stdio: 'ignore' }
    )
    await untilReady(tcpPort, password, child)
  }
  await start()
  const client = new Redis({
    port: tcpPort,
    host: '127.0.0.1',
    ...(password === undefined ? {} : { password }),
    maxRetriesPerRequest: 1,
    retryStrategy: () => 50
  })
  client.on('error', () => undefined)
  const kill = async (): Promise<void> => {
    const dying = child
    child = undefined
    if (dying === undefined || dying.exitCode !== null) return
    const ended = new Promise((resolve) => dying.once('exit', resolve))
    dying.kill('SIGKILL')
    await ended
  }
  return {
    tcpPort,
    address: `redis://127.0.0.1:${tcpPort}`,
    client,
    kill,
    restart: start,
    async stop() {
      client.disconnect()
      await kill()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function untilReady(tcpPort: number, password: string | undefined, child: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    const probe = new Redis({
      port: tcpPort,
      host: '127.0.0.1',
      ...(password === undefined ? {} : { password }),
      lazyConnect: true,
      retryStrategy: () => null
    })
    probe.on('error', () => undefined)
    try {
      await probe.connect()
      await probe.ping()
      return
    } catch (reason) {
      if (child.exitCode !== null || tries > 2000) throw reason
      await new Promise((resolve) => setTimeout(resolve, 25))
    } finally {
      probe.disconnect()
    }
  }
}
