import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ubootLoad } from '@core/board/loaders/uboot'
import { xmodemSend } from '@core/board/loaders/xmodem'
import { ymodemSend } from '@core/board/loaders/ymodem'
import { awaitBanner, detectBootLoader } from '@core/board/loaders/detect'
import { fillInDescribedMonitor } from '@core/board/describedMonitor'
import { readDescription } from '@core/board/description/readDescription'
import { describeUbootBoard } from '@core/board/supervisorMonitor'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { resourcePath } from '@main/paths'
import { createRandom } from '@core/math/random'
import { openBoardSession } from '@main/board/boardSession'
import { wallClock, type Clock } from '@main/board/clock'
import { bootMonitor } from '@main/board/load/boardBoot'
import { converse } from '@main/board/runConversation'
import type { Link } from '@main/board/links/link'
import { openQemuLink } from '@main/board/links/qemuLink'
import { openSerialLink } from '@main/board/links/serialLink'
import { createPtyPair, hasTool, sayskip, type PtyPair } from '../support/ptyPair'

const image = (length: number): Uint8Array => {
  const random = createRandom(length)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const ubootFile = '/usr/lib/u-boot/qemu-riscv64/u-boot.bin'

const missing = [
  ...(hasTool('qemu-system-riscv64') ? [] : ['qemu-system-riscv64']),
  ...(existsSync(ubootFile) ? [] : ['u-boot-qemu'])
]
if (missing.length > 0) sayskip('loaders against U-Boot in QEMU', missing.join(' and '))

/** What U-Boot takes to start and to receive 10,000 bytes where QEMU has a processor to itself, at most, ms. */
const usualMs = 4_000
const patient = { timeout: 600_000 }

/** A clock that is slower where this machine is: QEMU beside much else replies later than any board. */
const slowedBy = (factor: number): Clock => {
  const slower = Math.max(1, factor)
  return {
    nowMs: () => performance.now() / slower,
    // What has arrived by then is read first.
    after: (delayMs, callback) => wallClock.after(delayMs * slower, () => setImmediate(callback))
  }
}

describe.skipIf(missing.length > 0)('loaders against U-Boot in QEMU', () => {
  let link: Link
  beforeEach(async () => {
    link = await openQemuLink({
      program: 'qemu-system-riscv64',
      boardArguments: ['-bios', ubootFile],
      spawn,
      label: 'u-boot',
      countInstructions: false
    })
  })
  afterEach(() => link.close())
  const address = 0x8020_0000

  it.each(['ymodem', 'xmodem'] as const)(
    '%s carries a file, U-Boot computes the same CRC',
    async (method) => {
      const bytes = image(33_333)
      const notes: number[] = []
      const options = { name: 'image.bin', address, bytes, method, crc32: crc32(bytes) }
      const result = await converse(link, ubootLoad(options), {
        onProgress: (progress) => notes.push(progress.doneBytes)
      })
      expect(result).toMatchObject({ sentBytes: 33_333, crc32: crc32(bytes), returnCode: null })
      expect(notes.at(-1)).toBe(33_333)
      // The console is usable: a second load through the same prompt.
      const small = image(100)
      await converse(link, ubootLoad({ ...options, bytes: small, crc32: crc32(small) }))
    }
  )

  it.each([
    ['ymodem', 'behind a block'],
    ['xmodem', 'in a block'],
    ['kermit', 'behind a packet'],
    ['kermit', 'behind a packet whose ACK has its end unread'],
    ['kermit', 'in a packet']
  ] as const)('is found again after a line that broke within %s, %s', patient, async (method, where) => {
    const startedMs = performance.now()
    const bytes = image(33_333)
    let sent = 0
    const broken: Link = {
      ...link,
      write: async (chunk) => {
        const isBroken = (sent += chunk.length) > 10_000
        if (!isBroken) await link.write(chunk)
        else if (where.startsWith('in')) await link.write(chunk.subarray(0, chunk.length / 2))
        if (isBroken) throw new Error('the line broke')
      }
    }
    const load = ubootLoad({ name: 'image.bin', address, bytes, method, crc32: crc32(bytes) })
    await expect(converse(broken, load)).rejects.toThrow('the line broke')
    // What U-Boot has sent may arrive after the conversation that it was for.
    const onData: Link['onData'] = (listener) => {
      if (where.endsWith('unread')) listener(Uint8Array.of(0x0d))
      return link.onData(listener)
    }
    const clock = slowedBy((performance.now() - startedMs) / usualMs)
    expect(await converse({ ...link, onData }, detectBootLoader(), { clock })).toMatchObject({
      kind: 'uboot'
    })
  })

  it('starts a program and reads its return code', async () => {
    // li a0, 42; ret
    const program = Uint8Array.of(0x13, 0x05, 0xa0, 0x02, 0x67, 0x80, 0x00, 0x00)
    const result = await converse(
      link,
      ubootLoad({
        name: 'answer.bin',
        address,
        bytes: program,
        method: 'ymodem',
        crc32: crc32(program),
        start: { entry: address, programReturns: true }
      })
    )
    expect(result.returnCode).toBe(42)
  })

  it('notices bytes that are not what was sent', async () => {
    const bytes = image(2_000)
    const wrong = ubootLoad({ name: 'a', address, bytes, method: 'xmodem', crc32: crc32(bytes) ^ 1 })
    await expect(converse(link, wrong)).rejects.toMatchObject({ code: 'board.crcMismatch' })
  })

  it('is back at the prompt after a cancel in the middle', async () => {
    const controller = new AbortController()
    const bytes = image(200_000)
    const first = converse(
      link,
      ubootLoad({ name: 'a', address, bytes, method: 'ymodem', crc32: crc32(bytes) }),
      {
        signal: controller.signal,
        onProgress: ({ doneBytes }) => {
          if (doneBytes > 5_000) controller.abort()
        }
      }
    )
    await expect(first).rejects.toMatchObject({ code: 'job.cancelled' })
    const small = image(500)
    const again = ubootLoad({ name: 'b', address, bytes: small, method: 'ymodem', crc32: crc32(small) })
    expect((await converse(link, again)).sentBytes).toBe(500)
  })
})

const lrzszMissing = [...(hasTool('rb') ? [] : ['lrzsz']), ...(hasTool('socat') ? [] : ['socat'])]
if (lrzszMissing.length > 0) sayskip('loaders against lrzsz', lrzszMissing.join(' and '))

describe.skipIf(lrzszMissing.length > 0)('loaders against lrzsz', () => {
  let pair: PtyPair
  let folder: string
  let link: Link
  beforeEach(async () => {
    pair = await createPtyPair()
    folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-rb-'))
    link = await openSerialLink({ port: pair.port, baudRate: 115_200 })
  })
  afterEach(async () => {
    await link.close()
    await pair.unplug()
    rmSync(folder, { recursive: true, force: true })
  })
  const receive = (commandLine: string): Promise<number | null> => {
    const child = spawn('sh', ['-c', `exec ${commandLine} < ${pair.peer} > ${pair.peer}`], {
      cwd: folder,
      stdio: 'ignore'
    })
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  }

  it.each([0, 1, 128, 129, 1_024, 50_001])(
    'rb receives %i bytes by YMODEM, byte for byte',
    async (length) => {
      const bytes = image(length)
      const received = receive('rb -y -b')
      await converse(link, ymodemSend('file.bin', bytes))
      expect(await received).toBe(0)
      expect(Buffer.compare(readFileSync(path.join(folder, 'file.bin')), bytes)).toBe(0)
    }
  )

  it.each([1, 1_023, 1_025, 30_000])(
    'rx receives %i bytes by XMODEM-1K, filled up to whole blocks',
    async (length) => {
      const bytes = image(length)
      const received = receive('rx -c -b file.bin')
      await converse(link, xmodemSend(bytes))
      expect(await received).toBe(0)
      const file = readFileSync(path.join(folder, 'file.bin'))
      expect(Buffer.compare(file.subarray(0, length), bytes)).toBe(0)
      expect(file.length % 128).toBe(0)
      expect(file.subarray(length).every((byte) => byte === 0x1a)).toBe(true)
    }
  )
})

const supervisorFiles = [
  '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf',
  '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf'
] as const
const missingSupervisor = [
  ...(hasTool('qemu-system-riscv64') ? [] : ['qemu-system-riscv64']),
  ...(supervisorFiles.every(existsSync) ? [] : ['u-boot-qemu and opensbi'])
]
if (missingSupervisor.length > 0) sayskip('U-Boot in supervisor mode', missingSupervisor.join(' and '))

describe.skipIf(missingSupervisor.length > 0)(
  'a U-Boot in supervisor mode under OpenSBI',
  { timeout: 600_000 },
  () => {
    const start = (more: string[] = []): Promise<Link> =>
      openQemuLink({
        program: 'qemu-system-riscv64',
        boardArguments: ['-kernel', supervisorFiles[0], '-bios', supervisorFiles[1], ...more],
        spawn,
        label: 'u-boot',
        countInstructions: false
      })
    const sessionOf = (link: Link) => openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
    const boot = (session: ReturnType<typeof sessionOf>, description: BoardDescription | null = null) =>
      bootMonitor(session, {
        loader: 'auto',
        description,
        readMonitor: readBuilt,
        nowMs: () => performance.now(),
        signal: new AbortController().signal,
        onProgress: () => undefined
      })
    const readBuilt = async (name: string, ending = 'bin'): Promise<Uint8Array> =>
      new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`)))

    it.each([
      ['a plain core', [], 0x8080_0000],
      ['a core with V', ['-cpu', 'rv64,v=true'], 0x8080_0000]
    ] as [string, string[], number][])(
      'takes a monitor for supervisor mode on %s',
      async (_what, more, base) => {
        const link = await start(more)
        const session = sessionOf(link)
        try {
          const { info, image: sent } = await boot(session)
          expect(sent).toMatchObject({ name: 'monitor-rv64s.bin', entry: base })
          // Identity through the SBI's base extension, counters as user mode reads them.
          expect(info).toMatchObject({ coreName: 'qemu-virt', xlen: 64, isa: 'rv64imac_zicsr_zbb' })
          expect(info.counters).toEqual({ cycles: true, instructions: true })
          // U-Boot's own memory, which bdinfo calls reserved, is left alone.
          expect(info.ram.low).toBeGreaterThan(base)
          expect(info.ram.high).toBeGreaterThan(0x8600_0000)
          expect(info.ram.high).toBeLessThan(0x8800_0000)
          for (const [activationBits, weightBits] of [
            [8, 8],
            [4, 2],
            [1, 1]
          ] as const) {
            const item = {
              kernel: 'matmul',
              activationBits,
              weightBits,
              dims: [4, 8, 64] as number[]
            } as const
            const result = await session.bench({ ...item, repetitions: 2, seed: 9 })
            expect(result.checksum).toBe(expectedChecksum(item, 9))
            expect(result.instructions[0]).toBeGreaterThan(1_000)
          }
          // A trap in supervisor mode ends what was called, not the monitor: here an instruction of machine mode (csrr a0, mstatus).
          const trap = Uint8Array.of(0x73, 0x25, 0x00, 0x30, 0x67, 0x80, 0x00, 0x00)
          await session.upload(info.ram.low, trap)
          await expect(session.call(info.ram.low, 0, 0)).rejects.toMatchObject({ code: 'board.faulted' })
          expect((await session.reset()).buildId).toBe(info.buildId)
        } finally {
          await link.close()
        }
      }
    )

    it('counts by the PMU of the SBI where a description names it', async () => {
      const link = await start()
      const session = sessionOf(link)
      try {
        const tree = readDescription(
          Buffer.from(
            JSON.stringify({
              uart: { kind: 'ns16550', base: 0x1000_0000 },
              ram: { base: 0x8080_0000, sizeBytes: 64 << 20 },
              counter: { kind: 'sbi' },
              instructions: 'instret',
              loader: 'uboot',
              monitor: 'supervisor'
            })
          )
        )
        const { info } = await boot(session, tree)
        expect(info.cycleSource).toEqual({ kind: 'sbi', stepCycles: 1, bits: 64 })
        const item = { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [4, 8, 64] } as const
        const bench = { ...item, dims: [...item.dims], repetitions: 3, seed: 5 }
        const [one] = (await session.bench(bench)).cycles
        const [eight] = (await session.bench({ ...bench, dims: [32, 8, 64] })).cycles
        expect(one).toBeGreaterThan(100)
        expect(eight).toBeGreaterThan(100)
        // The counter is requested again by a monitor that restarts.
        expect((await session.reset()).cycleSource?.kind).toBe('sbi')
        expect((await session.bench(bench)).cycles[0]).toBeGreaterThan(100)
      } finally {
        await link.close()
      }
    })

    it('takes it at another place than it is linked for', async () => {
      const link = await start()
      const session = sessionOf(link)
      try {
        const found = await session.converse(detectBootLoader())
        if (found.kind !== 'uboot' || found.uart === null || found.board === undefined)
          throw new Error('no board')
        expect(found.board.model).toBe('riscv-virtio,qemu')
        const place = { start: 0x8412_0000, end: 0x8600_0000 }
        const addresses = Buffer.from(await readBuilt('monitor-rv64s', 'addresses')).toString()
        const bytes = fillInDescribedMonitor(
          await readBuilt('monitor-rv64s'),
          { addresses },
          {
            ...describeUbootBoard(found.board, found.uart, found.isa),
            ram: { base: place.start, sizeBytes: place.end - place.start },
            clockHz: 1_500_000_000
          }
        )
        const go = { entry: place.start, programReturns: false }
        const load = {
          name: 'm.bin',
          address: place.start,
          bytes,
          method: 'ymodem',
          crc32: crc32(bytes)
        } as const
        await session.converse(ubootLoad({ ...load, start: go }))
        await session.converse(awaitBanner())
        const info = await session.hello()
        expect(info).toMatchObject({ clockHz: 1_500_000_000, buildId: crc32(bytes) })
        expect(info.ram).toMatchObject({ high: place.end })
        const item = {
          kernel: 'matmul',
          activationBits: 4,
          weightBits: 4,
          dims: [4, 8, 64] as number[]
        } as const
        const result = await session.bench({ ...item, repetitions: 1, seed: 3 })
        expect(result.checksum).toBe(expectedChecksum(item, 3))
      } finally {
        await link.close()
      }
    })
  }
)
