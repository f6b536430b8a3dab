import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { openSerialLink } from '@main/board/links/serialLink'
import { freePort } from './freePort'
import { createPtyPair } from './ptyPair'

/** A program that serves a serial line on a TCP port of this machine. */
export interface ConsoleServer {
  tcpPort: number
  /** The pty that the server holds as its serial device. */
  device: string
  child: ChildProcess
  /** Removes the serial device, as unplugging the adapter does. */
  unplugDevice(): Promise<void>
  stop(): Promise<void>
}

export interface ConsoleServerOptions {
  /** What the far end of the serial line does with bytes; default: sends them back. */
  onBytes?: (bytes: Uint8Array, send: (bytes: Uint8Array) => void) => void
  /** Default: one that is free. */
  tcpPort?: number
}

export interface Ser2netOptions extends ConsoleServerOptions {
  /** Lines below `options:` of the connection. */
  settings?: string[]
  /** The part before `,127.0.0.1,PORT`; default RFC 2217 without Nagle's delay. */
  accepter?: string
  /** Line settings that the server starts with. */
  line?: string
  /** What the server connects to instead of the pty. */
  connector?: string
}

/** Debian's ser2net in front of a pty. */
export async function startSer2net(options: Ser2netOptions = {}): Promise<ConsoleServer> {
  const { accepter = 'telnet(rfc2217),tcp(nodelay)', line = '9600n81', connector } = options
  const { settings = ['chardelay: false'] } = options
  return await serve(options, (device, tcpPort, readyPort, folder) => {
    const file = path.join(folder, 'ser2net.yaml')
    const connection = `connection: &board
  accepter: ${accepter},127.0.0.1,${tcpPort}
  connector: ${connector ?? `serialdev,${device},${line},local`}
  options:
    max-connections: 1
${settings.map((setting) => `    ${setting}\n`).join('')}`
    // The last one to listen: when it does, the other does too.
    const ready = `connection: &ready\n  accepter: tcp,127.0.0.1,${readyPort}\n  connector: echo\n`
    writeFileSync(file, `%YAML 1.1\n---\n${connection}${ready}`)
    return ['ser2net', ['-n', '-c', file, '-P', path.join(folder, 'pid')]]
  })
}

/** socat as a plain bridge between a TCP port and a pty, for one connection. */
export async function startSocatBridge(options: ConsoleServerOptions = {}): Promise<ConsoleServer> {
  return await serve(options, (device, tcpPort) => [
    'socat',
    ['-d', '-d', '-t', '0.05', `tcp-listen:${tcpPort},bind=127.0.0.1,reuseaddr`, `file:${device},raw,echo=0`]
  ])
}

type Command = (
  device: string,
  tcpPort: number,
  readyPort: number,
  folder: string
) => [program: string, programArguments: string[]]

async function serve({ onBytes, ...given }: ConsoleServerOptions, command: Command): Promise<ConsoleServer> {
  const pair = await createPtyPair()
  const far = await openSerialLink({ port: pair.peer, baudRate: 115_200 })
  const send = (bytes: Uint8Array): void => void far.write(bytes).catch(() => undefined)
  far.onData((bytes) => (onBytes === undefined ? send(bytes) : onBytes(bytes, send)))
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-console-'))
  const tcpPort = given.tcpPort ?? (await freePort())
  const readyPort = await freePort()
  const [program, programArguments] = command(pair.port, tcpPort, readyPort, folder)
  const child = spawn(program, programArguments, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    await far.close()
    await pair.unplug()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    // socat accepts one connection only: instead of a trial connection its log is read.
    if (program === 'ser2net') await untilListening(readyPort)
    else await said(child, /listening on/)
    child.stderr?.resume()
  } catch (error) {
    await stop()
    throw error
  }
  return { tcpPort, device: pair.port, child, unplugDevice: () => pair.unplug(), stop }
}

/** Waits until something accepts connections on a port of this machine. @param check throws where nothing ever will */
export async function untilListening(tcpPort: number, check: () => void = () => undefined): Promise<void> {
  for (let tries = 0; ; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(tcpPort, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isUp) return
    check()
    if (tries > 3000) throw new Error(`nothing listens on port ${tcpPort}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

async function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      if (pattern.test(text)) resolve()
    })
    child.once('exit', () => reject(new Error(`ended: ${text}`)))
  })
}
