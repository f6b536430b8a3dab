import { readFileSync } from 'node:fs'
import { encodeImage } from '@core/deploy/image'
import { planDeployment } from '@core/deploy/plan'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { argmax, createIntegerRunner } from '@core/quant/integer/runInteger'
import { createRandom, type Random } from '@core/math/random'
import { readDescription } from '@core/board/description/readDescription'
import { litexBoard, litexBoardCsv } from '@core/sim/boards/litexBoard'
import { createMachine } from '@core/sim/createMachine'
import type { VirtualMachine } from '@core/sim/machine'
import { bootMonitor } from '@main/board/load/boardBoot'
import { type BoardSession, openBoardSession } from '@main/board/boardSession'
import {
  createFaultLink,
  type FaultName,
  type FaultSchedule,
  type LineFaults
} from '@main/board/links/faultLink'
import type { Link } from '@main/board/links/link'
import { resourcePath } from '@main/paths'
import { AppError } from '@shared/errors'
import { RandomNetwork } from '../unit/core/deploy/randomNetwork'
import { createCountedLink } from './countedLink'
import { createSimulatorLink } from './simulatorLink'
import { VirtualClock } from './virtualClock'

/** How a session may end on a line that loses, damages or invents bytes. Anything else is a fault of ours. */
const namedErrors: readonly string[] = [
  'board.timeout',
  'board.crcMismatch',
  'board.protocol',
  'board.disconnected',
  'board.notMonitor',
  'board.refused',
  'board.addressRange',
  'loader.noPrompt',
  'loader.rejected'
]
/** Enough for everything the monitor does here; a program that runs longer has crashed. */
const crashInstructions = 30_000_000
/** No session lasts longer in its own time, whatever the line does: a few kilobytes in the smallest pieces, each with all its repeats. */
export const maxSessionMs = 600_000

export interface HostileOutcome {
  seed: number
  kind: 'kernel' | 'image' | 'boot'
  /** `verified`, or the code of the error it ended with. */
  ending: string
  /** What is wrong with that; null when nothing is. */
  complaint: string | null
  /** In the session's own time. */
  tookMs: number
  injected: Readonly<Record<FaultName, number>>
}

/** The shipped monitor on the simulator behind hostile lines, all in virtual time: one session after the other. */
export class HostileLine {
  private readonly clock = new VirtualClock()
  /** Runs the monitor from power-on. */
  private readonly machine: VirtualMachine
  /** Comes up in its BIOS. */
  private readonly litex = createMachine({ board: litexBoard, cycleModel: false })

  constructor() {
    this.machine = createMachine({ board: 'small', cycleModel: false })
    this.machine.loadElf(new Uint8Array(readFileSync(resourcePath('firmware', 'build', 'monitor.elf'))))
    this.machine.reset()
  }

  private powerOn(kind: HostileOutcome['kind']): Link {
    if (kind !== 'boot') return createSimulatorLink(this.machine, this.clock)
    this.litex.reset()
    return createSimulatorLink(this.litex, this.clock, { mostInstructions: crashInstructions })
  }

  /** One session under the faults that its seed draws. */
  async session(seed: number): Promise<HostileOutcome> {
    const { clock } = this
    const random = createRandom(seed)
    const draw = random.next()
    const kind = draw < 0.1 ? 'boot' : draw < 0.55 ? 'kernel' : 'image'
    const line = createFaultLink(this.powerOn(kind), planFor(seed), clock)
    const link = createCountedLink(line)
    let lastNonce = seed << 4
    const session = openBoardSession({ link, onText: () => undefined, nonce: () => ++lastNonce, clock })
    const listenersBefore = link.listenerCount
    const work = { kernel: runKernel, image: runImage, boot: runBoot }[kind]
    const startMs = clock.nowMs()
    const outcome: HostileOutcome = {
      seed,
      kind,
      ending: 'verified',
      complaint: null,
      tookMs: 0,
      injected: line.injected
    }
    try {
      const wrong = await clock.run(work(session, random))
      if (wrong !== null) outcome.complaint = wrong
    } catch (error) {
      const failure = AppError.from(error)
      outcome.ending = failure.code
      if (!namedErrors.includes(failure.code) || failure.hint.length < 10) {
        outcome.complaint = `ended with ${failure.code}: ${failure.message}`
      }
    }
    outcome.tookMs = clock.nowMs() - startMs
    if (outcome.tookMs > maxSessionMs) outcome.complaint ??= `took ${Math.round(outcome.tookMs)} ms`
    line.heal()
    outcome.complaint ??= await this.aftermath(kind, session, random)
    // The session listens as long as it is open; a conversation that ended must not.
    if (link.listenerCount !== listenersBefore) {
      outcome.complaint ??= `${link.listenerCount - listenersBefore} listeners were left behind`
    }
    await link.close()
    return outcome
  }

  /** On the healed line the same board must serve the next user, and the last one must have left nothing behind. */
  private async aftermath(
    kind: HostileOutcome['kind'],
    session: BoardSession,
    random: Random
  ): Promise<string | null> {
    const { clock } = this
    // What the line still held back arrives. A BIOS in its loader reports 256 time-outs of 250 ms before it leaves it.
    await clock.pass(kind === 'boot' ? 70_000 : 1_000)
    if (clock.pending > 0) return `${clock.pending} timers were left behind`
    if (kind === 'boot') {
      // A boot loader that was fed half an image, or a crashed one, takes a reset; then the board must come up.
      const next = openBoardSession({
        link: this.powerOn('boot'),
        onText: () => undefined,
        nonce: () => 1,
        clock
      })
      return await clock.run(runBoot(next, random))
    }
    const bytes = noise(random, 700)
    const back = await clock.run(
      session.hello().then(async ({ ram }) => {
        await session.upload(ram.low, bytes)
        return await session.read(ram.low, bytes.length)
      })
    )
    return Buffer.compare(back, bytes) === 0 ? null : 'the board does not keep what is written after it'
  }
}

/** Brings the monitor up through the BIOS; what answers then must be that monitor, and must compute. */
async function runBoot(session: BoardSession, random: Random): Promise<string | null> {
  const { info } = await bootMonitor(session, {
    loader: 'auto',
    description: readDescription(new TextEncoder().encode(litexBoardCsv())),
    readMonitor: async (name, ending = 'bin') =>
      new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
    nowMs: () => 0,
    signal: new AbortController().signal,
    onProgress: () => undefined
  })
  if (info.coreName !== 'virtual-litex') return `the board calls itself ${info.coreName}`
  return await runKernel(session, random)
}

/** Uploads noise and runs a kernel; answers what is wrong with a result that was reported as good. */
async function runKernel(session: BoardSession, random: Random): Promise<string | null> {
  const { ram } = await session.hello()
  const bytes = noise(random, 200 + random.integer(3_000))
  await session.upload(ram.low + 0x8000, bytes)
  const item = { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [2, 4, 16] } as const
  const seed = 1 + random.integer(1_000)
  const { checksum } = await session.bench({ ...item, dims: [...item.dims], repetitions: 1, seed })
  const back = await session.read(ram.low + 0x8000, bytes.length)
  if (Buffer.compare(back, bytes) !== 0) return 'a verified upload is not what was sent'
  const expected = expectedChecksum({ ...item, dims: [...item.dims] }, seed)
  return checksum === expected ? null : `the kernel's checksum is ${checksum}, not ${expected}`
}

/** Deploys a small network and runs it; an answer must be that of the host's arithmetic, code for code. */
async function runImage(session: BoardSession, random: Random): Promise<string | null> {
  const info = await session.hello()
  const builder = new RandomNetwork(random.integer(1000), [6, 6, 2])
  builder.conv(4, 3, 1, 1).pool('maxPool', 2, 2, 0).flatten().dense(5, true)
  const network = builder.done()
  const plan = planDeployment(network, info)
  const codes = builder.images(1)
  await session.upload(plan.imageAddress, encodeImage(network, plan))
  await session.prepare(plan.imageAddress)
  const inputAddress = plan.imageAddress + plan.peakRamBytes
  const outputAddress = Math.ceil((inputAddress + codes.length) / 16) * 16
  await session.upload(inputAddress, new Uint8Array(codes.buffer, codes.byteOffset, codes.length))
  await session.run({ inputAddress, outputAddress, count: 1 })
  const bytes = await session.read(outputAddress, 4 * (network.outputCount + 1))
  const { logits } = createIntegerRunner(network).run(codes)
  const expected = Int32Array.from([...logits, argmax(logits)])
  const wanted = Buffer.from(expected.buffer)
  return Buffer.compare(bytes, wanted) === 0 ? null : 'the network’s outputs are not the host’s'
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256))
}

/** One seeded schedule: one or two kinds of fault each way, mild to severe. */
export function planFor(seed: number): FaultSchedule {
  const random = createRandom(seed)
  const rate = (): number => 10 ** (-3.7 + 2 * random.next())
  const faults = (): LineFaults => {
    const kinds: (() => LineFaults)[] = [
      () => ({ dropPerByte: rate() }),
      () => ({ flipPerByte: rate() }),
      () => ({ duplicatePerByte: rate() }),
      () => ({ garbagePerChunk: 0.1 * random.next() }),
      () => ({ splitPerChunk: random.next() }),
      () => ({ reorderPerChunk: 0.05 * random.next() }),
      () => ({ repeatPerChunk: 0.1 * random.next() }),
      () => ({ delayPerChunk: 0.2 * random.next(), delayMaxMs: 20 }),
      () => ({ cutAfterBytes: 20 + random.integer(4_000) }),
      () => ({ stuckAfterBytes: 20 + random.integer(4_000) })
    ]
    const first = kinds[random.integer(kinds.length)]!()
    // Only one of the two ends the line for good.
    const second = kinds[random.integer(8)]!()
    return { ...first, ...second }
  }
  return { seed, sending: faults(), receiving: random.next() < 0.7 ? faults() : {} }
}
