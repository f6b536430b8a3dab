import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { readNetworkAddress } from '@core/board/network/address'
import { openNetworkLink } from '@main/board/links/network/networkLink'
import { testLine } from '@main/board/testLine'
import { resourcePath } from '@main/paths'
import { AppError } from '@shared/errors'
import { collect } from '../contract/linkSuite'
import { type BoardBench, createBoardBench } from '../support/boardBench'
import { type ConsoleServer, startSer2net } from '../support/consoleServers'
import { freePort } from '../support/freePort'
import { hasTool, sayskip } from '../support/ptyPair'
import { until } from '../support/until'

/** Boards whose console is on the network, through the service: the monitor in QEMU behind plain TCP and behind ser2net. */
const monitor = resourcePath('firmware', 'build', 'monitor.elf')
const context = { signal: new AbortController().signal }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const bench = async (): Promise<BoardBench> => {
  const made = await createBoardBench()
  cleanups.push(() => made.close())
  return made
}

function startQemu(serial: string): ChildProcess {
  const child = spawn(
    'qemu-system-riscv32',
    // prettier-ignore
    ['-M', 'virt', '-display', 'none', '-monitor', 'none', '-icount', 'shift=0', '-serial', serial,
      '-bios', 'none', '-device', `loader,file=${monitor},cpu-num=0`],
    { stdio: ['ignore', 'pipe', 'ignore'] }
  )
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

/** The pty that QEMU says it made. */
const ptyOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    child.stdout!.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      const found = /redirected to (\S+)/.exec(text)
      if (found !== null) resolve(found[1]!)
    })
  })

/** Connects as soon as something listens. */
async function connected<T>(connect: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await connect()
    } catch (error) {
      if (tries > 1000 || AppError.from(error).code !== 'board.notFound') throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

describe.skipIf(!hasTool('qemu-system-riscv32'))('a Bitbench board on the network', () => {
  it('is identified, written and read over tcp://, and is shown as what it is', async () => {
    const { boards } = await bench()
    const id = `tcp://127.0.0.1:${await freePort()}`
    startQemu(`tcp:${id.slice('tcp://'.length)},server=on,wait=on`)
    const board = await connected(() => boards.connect(id))
    // QEMU behind a port counts instructions, whatever way leads to it.
    expect(board).toMatchObject({ id, kind: 'serial', unit: 'instructions', origin: 'simulated' })
    const data = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) & 0xff)
    const back = await boards.withLease(id, 'test', async (session) => {
      await session.upload(board.info.ram.low, data)
      return await session.read(board.info.ram.low, data.length)
    })
    expect(Buffer.compare(back, data)).toBe(0)
    const { board: shown } = await boards.handlers['board.get']({ id }, context)
    expect(shown).toMatchObject({ port: id, description: 'Console on the network, plain bytes' })
    // A frame may be sent again where QEMU is late; none was damaged.
    expect(shown.statistics).toMatchObject({ crcErrors: 0 })
    expect(shown.statistics!.latencyMs).toBeGreaterThan(0)
  })

  it.skipIf(!(hasTool('ser2net') && hasTool('socat')))(
    'takes an upload through ser2net at its default settings',
    async () => {
      const { boards } = await bench()
      const pty = await ptyOf(startQemu('pty'))
      const server = await startSer2net({
        connector: `serialdev,${pty},115200n81,local`,
        accepter: 'telnet(rfc2217),tcp',
        settings: []
      })
      cleanups.push(() => server.stop())
      const id = `rfc2217://127.0.0.1:${server.tcpPort}`
      const { info } = await boards.connect(id)
      const data = Uint8Array.from({ length: 8_000 }, (_, index) => (index % 7 === 0 ? 0xff : index & 0xff))
      const back = await boards.withLease(id, 'test', async (session) => {
        await session.upload(info.ram.low, data)
        return await session.read(info.ram.low, data.length)
      })
      expect(Buffer.compare(back, data)).toBe(0)
    }
  )
})

describe.skipIf(!(hasTool('ser2net') && hasTool('socat')))('the test of a line', () => {
  /** The far end sends everything back at once: all time is that of the server and the line. */
  const times = async (settings: string[], accepter: string) => {
    const server = await startSer2net({ settings, accepter: `telnet(rfc2217),${accepter}` })
    cleanups.push(() => server.stop())
    const address = readNetworkAddress(`rfc2217://127.0.0.1:${server.tcpPort}`)!
    const link = await openNetworkLink({ address, baudRate: 921_600 })
    cleanups.push(() => link.close())
    const echo = async (bytes: Uint8Array): Promise<Uint8Array> => {
      const back = collect(link, (received) => received.length >= bytes.length)
      await link.write(bytes)
      return await back
    }
    return await testLine({ echo }, link.descriptor, () => false)
  }

  it('measures through ser2net, and names the settings that hold bytes back', async () => {
    const held = ['chardelay: true', 'chardelay-min: 60000', 'chardelay-max: 60000']
    const slow = await times(held, 'tcp')
    expect(slow.echoes.map(({ sizeBytes }) => sizeBytes)).toEqual([1, 1_024])
    // The server's wait after the last byte is a lower bound on any computer.
    expect(slow.echoes[0]!.medianMs).toBeGreaterThan(60)
    expect(slow.verdict).toMatchObject({ isGood: false, hint: expect.stringContaining('chardelay: false') })
    const quick = await times(['chardelay: false'], 'tcp(nodelay)')
    expect(quick.latencyMs).toBeGreaterThan(0)
  })
})

describe.skipIf(!(hasTool('ser2net') && hasTool('socat')))('a console behind ser2net', () => {
  it('is listed once saved, and comes back by itself when the server does', async () => {
    const { boards } = await bench()
    const tcpPort = await freePort()
    const start = (): Promise<ConsoleServer> => startSer2net({ tcpPort })
    const id = `rfc2217://127.0.0.1:${tcpPort}`
    await boards.handlers['board.save']({ id, name: 'Bench 3' }, context)
    // The server is late: the attempt fails with a reason, and the next one finds it.
    const connect = () => boards.handlers['board.connect']({ id, identify: false }, context)
    await expect(connect()).rejects.toMatchObject({ code: 'board.notFound' })
    const first = await start()
    expect((await connect()).board).toMatchObject({ id, name: 'Bench 3', state: 'connected', saved: true })

    const state = async (): Promise<string> =>
      (await boards.handlers['board.get']({ id }, context)).board.state
    await first.stop()
    await until(async () => (await state()) === 'reconnecting')
    const second = await start()
    cleanups.push(() => second.stop())
    await until(async () => (await state()) === 'connected')

    await boards.handlers['board.sendText']({ id, text: 'back again' }, context)
    const received = async (): Promise<string> =>
      (await boards.handlers['board.console']({ id, after: 0 }, context)).chunks
        .filter(({ direction }) => direction === 'received')
        .map(({ text }) => text)
        .join('')
    await until(async () => (await received()).includes('back again'))
  })

  it('refuses a damaged address before anything is opened', async () => {
    const { boards } = await bench()
    const connect = (id: string) => boards.handlers['board.connect']({ id, identify: false }, context)
    await expect(connect('tcp://nowhere')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(connect('tls://lab:3000')).rejects.toMatchObject({ code: 'input.unsupported' })
  })
})

if (!hasTool('qemu-system-riscv32')) sayskip('a Bitbench board on the network', 'qemu-system-riscv32')
if (!hasTool('ser2net')) sayskip('a console behind ser2net', 'ser2net')
