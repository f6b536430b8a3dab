import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { untilListening } from './consoleServers'
import { freePort } from './freePort'

/** Debian's sshd on 127.0.0.1 as this user, with keys that exist for the test alone. */
export interface SshServer {
  /** Program and arguments in front of a command there. */
  readonly prefix: string[]
  /** Ends every connection of the server, as a network that breaks does. */
  breakConnections(): void
  stop(): Promise<void>
}

/** Where Debian puts sshd; it must be started by its whole path. */
export const sshdPath = '/usr/sbin/sshd'

/** Starts a server that accepts one key. The folder of keys and settings has a space in its name. */
export async function startSshServer(): Promise<SshServer> {
  const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'bitbench-ssh-')), 'with space')
  mkdirSync(folder)
  const file = (name: string): string => path.join(folder, name)
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)])
  writeFileSync(file('authorized'), readFileSync(file('user.pub')), { mode: 0o600 })
  const tcpPort = await freePort()
  const { username, uid } = os.userInfo()
  // As root, sshd separates privileges in a folder that Debian's service would have made.
  if (uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  writeFileSync(
    file('sshd.conf'),
    [
      `ListenAddress 127.0.0.1:${tcpPort}`,
      `HostKey "${file('host')}"`,
      `AuthorizedKeysFile "${file('authorized')}"`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      ''
    ].join('\n')
  )
  writeFileSync(file('known'), `[127.0.0.1]:${tcpPort} ${readFileSync(file('host.pub'), 'utf8')}`)
  writeFileSync(
    file('ssh.conf'),
    [
      'Host gpu1',
      '  HostName 127.0.0.1',
      `  Port ${tcpPort}`,
      `  User ${username}`,
      `  IdentityFile "${file('user')}"`,
      '  IdentitiesOnly yes',
      '  IdentityAgent none',
      `  UserKnownHostsFile "${file('known')}"`,
      '  StrictHostKeyChecking yes',
      ''
    ].join('\n')
  )
  const child = spawn(sshdPath, ['-D', '-e', '-f', file('sshd.conf')], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  await untilListening(tcpPort, () => {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`)
  })
  const sessions = (): number[] =>
    execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0)
  return {
    prefix: ['ssh', '-F', file('ssh.conf'), 'gpu1'],
    breakConnections() {
      for (const pid of sessions()) process.kill(pid, 'SIGKILL')
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(path.dirname(folder), { recursive: true, force: true })
    }
  }
}
