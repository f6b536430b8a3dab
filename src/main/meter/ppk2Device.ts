import { createPpk2Binning, type Ppk2Bins } from '../../core/meter/ppk2/bins'
import { readPpk2Metadata, type Ppk2Metadata } from '../../core/meter/ppk2/calibration'
import { ppk2Commands, ppk2StepMs, type Ppk2Mode } from '../../core/meter/ppk2/commands'
import { createPpk2Decoder } from '../../core/meter/ppk2/decoder'
import { powerSample } from '../../core/meter/powerSample'
import type { PowerHooks } from '../../core/meter/powerSampler'
import type { GpuSample } from '../../core/gpu/metrics'
import type { Recording } from '../../shared/contract/gpu'
import type { MeterAbout } from '../../shared/contract/meter'
import { AppError } from '../../shared/errors'
import { createMeterClock } from './meterClock'
import type { MeterDevice, MeterLine } from './meterDevice'
import { disconnectedMeter } from './textMeterDevice'

/** How a PPK2 is set up. */
export interface Ppk2Setup {
  readonly port: string
  readonly mode: Ppk2Mode
  readonly supplyV: number
  /** Digital inputs whose high time is a phase: D0 to D7. */
  readonly inputs: readonly number[]
  /** Time that is averaged over, ms. */
  readonly binMs: number
  readonly origin: Recording['origin']
}

/** Steady host clock and waits, ms. */
export interface Ppk2Timing {
  nowMs(): number
  metadataMs?: number
  /** What a meter that was left running has still on the way is thrown away for this long. */
  drainMs?: number
  /** First stretch, which shows how the clock of the meter stands to that of the host. */
  probeMs?: number
}

/** Phases that inputs can mark in a recording: a floating input changes with every reading. */
const maxEdges = 20_000

/**
 * Opens a PPK2, reads its calibration, sets mode and voltage, switches the supply of the board on and starts it. Closing
 * stops the readings and leaves the supply on: the board goes on running.
 *
 * @throws meter.silent, meter.unreadable, meter.disconnected; input.invalid for a voltage it does not have
 */
export async function openPpk2(line: MeterLine, setup: Ppk2Setup, timing: Ppk2Timing): Promise<MeterDevice> {
  const { nowMs, metadataMs = 3_000, drainMs = 100, probeMs = 300 } = timing
  const wire = openWire(line, setup.port)
  const { send } = wire
  const close = async (): Promise<void> => {
    await send(ppk2Commands.stop()).catch(() => undefined)
    await line.close()
  }
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  try {
    const voltage = ppk2Commands.voltage(Math.round(setup.supplyV * 1000))
    await send(ppk2Commands.stop())
    await wait(drainMs)
    const about = await readMetadata(wire, setup.port, metadataMs)
    for (const command of [ppk2Commands.mode(setup.mode), voltage, ppk2Commands.supply(true)])
      await send(command)
    const running = startReading(wire, about, setup, nowMs)
    await send(ppk2Commands.start())
    await wait(probeMs)
    if (wire.failed !== undefined) throw wire.failed
    if (running.position() === 0) throw noStream(setup.port)
    running.settle()
    return {
      name: `PPK2 at ${setup.port}, ${setup.mode} mode`,
      origin: setup.origin,
      // Every averaged stretch is stored as its beginning and its end.
      intervalMs: setup.binMs / 2,
      start: running.start,
      close
    }
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
}

/** The line to the meter, and who gets its bytes and its end. */
interface Wire {
  send(bytes: readonly number[]): Promise<void>
  take: (bytes: Uint8Array) => void
  onFailure: (error: AppError) => void
  failed: AppError | undefined
}

function openWire(line: MeterLine, port: string): Wire {
  const wire: Wire = {
    send: (bytes) => line.write(Uint8Array.from(bytes)),
    take: () => undefined,
    onFailure: () => undefined,
    failed: undefined
  }
  line.onData((bytes) => wire.take(bytes))
  line.onClose(({ text, hint }) => {
    wire.failed ??= disconnectedMeter(port, text, hint)
    wire.onFailure(wire.failed)
  })
  return wire
}

async function readMetadata(wire: Wire, port: string, metadataMs: number): Promise<Ppk2Metadata> {
  let text = ''
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(text === '' ? noStream(port) : unreadableMetadata(port, text)),
      metadataMs
    )
    const settle = (error?: AppError): void => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    }
    wire.onFailure = settle
    wire.take = (bytes) => {
      text += String.fromCharCode(...bytes.subarray(0, 4096))
      if (/\bEND\b/.test(text)) settle()
      else if (text.length > 65_536) settle(unreadableMetadata(port, text))
    }
    wire.send(ppk2Commands.metadata()).catch((cause: unknown) => settle(AppError.from(cause)))
  })
  return readPpk2Metadata(text)
}

/** Takes readings from now on; they go to the recording that `start` begins. */
function startReading(wire: Wire, about: Ppk2Metadata, setup: Ppk2Setup, nowMs: () => number) {
  let out: Ppk2Bins | undefined
  const clock = createMeterClock()
  const binning = createPpk2Binning(setup.supplyV, setup.binMs, setup.inputs, {
    stretch: (...args) => out?.stretch(...args),
    gap: (...args) => out?.gap(...args),
    edge: (...args) => out?.edge(...args)
  })
  const decoder = createPpk2Decoder(about.ranges, setup.supplyV, binning)
  let flush: () => void = () => undefined
  wire.take = (bytes) => {
    decoder.push(bytes)
    clock.arrived(binning.position * ppk2StepMs, nowMs())
    flush()
  }
  const start = (hooks: PowerHooks): ReturnType<MeterDevice['start']> => {
    const before = { position: binning.position, lost: decoder.lost }
    const seen = { edges: 0 }
    let batch: GpuSample[] = []
    out = sinkOf(hooks, clock.hostMs, seen, (...samples) => batch.push(...samples))
    flush = () => {
      if (batch.length > 0) hooks.onSamples(batch)
      batch = []
    }
    wire.onFailure = (error) => hooks.onState({ state: 'failed', error })
    if (wire.failed !== undefined) wire.onFailure(wire.failed)
    return {
      ...{ restarts: 0, malformedLines: 0 },
      async stop() {
        out = undefined
        flush = () => undefined
        wire.onFailure = () => undefined
      },
      about: (): MeterAbout => ({
        ...{ kind: 'ppk2', source: setup.port, supplyV: setup.supplyV, binMs: setup.binMs, badLines: [] },
        readings: binning.position - before.position - (decoder.lost - before.lost),
        lost: decoder.lost - before.lost,
        notes: [...calibrationNotes(about), ...edgeNotes(seen.edges), ...clock.driftNotes()]
      })
    }
  }
  return {
    start,
    position: () => binning.position,
    settle: () => clock.settle()
  }
}

/** Where averaged stretches, gaps and edges of a recording go; times of the meter become those of the host. */
function sinkOf(
  hooks: PowerHooks,
  host: (tMs: number) => number,
  seen: { edges: number },
  add: (...samples: GpuSample[]) => void
): Ppk2Bins {
  return {
    stretch(fromMs, toMs, meanW, lowW, highW) {
      hooks.onStretch?.(host(fromMs), host(toMs), meanW, lowW, highW)
      add(powerSample(host(fromMs), meanW), powerSample(host(toMs), meanW))
    },
    gap: (fromMs, toMs) =>
      hooks.onGap({ fromMs: host(fromMs), toMs: host(toMs), reason: 'readings of the meter were lost' }),
    edge(input, isHigh, tMs) {
      if (++seen.edges > maxEdges) return
      hooks.onMark({ name: `D${input}`, state: isHigh ? 'begin' : 'end', repetitions: null }, host(tMs))
    }
  }
}

function calibrationNotes({ calibrated, missing }: Ppk2Metadata): string[] {
  return [
    ...(calibrated ? [] : ['The meter says that it is not calibrated.']),
    ...(missing.length === 0
      ? []
      : [`Factors that its metadata lacks are taken as nominal: ${missing.slice(0, 8).join(', ')}.`])
  ]
}

function edgeNotes(edges: number): string[] {
  if (edges <= maxEdges) return []
  return [
    `The digital inputs changed ${edges} times; only the first ${maxEdges} changes became phases. Is an input not connected?`
  ]
}

function noStream(port: string): AppError {
  return new AppError(
    'meter.silent',
    `Nothing came from the PPK2 at ${port}.`,
    'Choose the first of its two ports, and end other programs that have it open.'
  )
}

function unreadableMetadata(port: string, text: string): AppError {
  return new AppError(
    'meter.unreadable',
    `What came from ${port} is no metadata of a PPK2: ${JSON.stringify(text.slice(0, 40))}`,
    'Check the port and the kind of the meter (--kind).'
  )
}
