import { inspectBitstream } from '../../../core/board/tools/bitstream'
import type { ArgumentsOf, HandlersOf } from '../../../shared/contract/framework/define'
import { boardToolCommands } from '../../../shared/contract/board/boardTools'
import { AppError } from '../../../shared/errors'
import type { JobContext, JobService } from '../../jobs/jobService'
import type { BoardRegistry, Held } from '../boardRegistry'
import { type LoadImage, readLoadImage, readSource } from '../load/loadFile'
import { carry, type LoadOrder } from '../load/loadJob'
import type { LoadRecords } from '../load/loadRecords'
import type { BoardToolAdapter } from './boardToolAdapter'
import { debugProgram } from './debugProgram'

interface Deps {
  registry: BoardRegistry
  tools: BoardToolAdapter
  jobs: JobService
  nowMs: () => number
  records: LoadRecords
}

type Bitstream = ArgumentsOf<(typeof boardToolCommands)['board.bitstream']>
type DebugLoad = ArgumentsOf<(typeof boardToolCommands)['board.debugLoad']>

/** A reconfigured FPGA may take its USB bridge down with it; this long its port may stay away. */
const comeBackMs = 15_000

/** The commands that reach a board through programs of others. */
export function createToolHandlers(
  deps: Deps
): HandlersOf<{ commands: typeof boardToolCommands; events: Record<never, never> }> {
  const { registry, tools } = deps
  return {
    'board.tools': async () => {
      const [programs, fpga, debugScripts] = await Promise.all([
        tools.programs(),
        tools.fpgaNames(),
        tools.debugScripts()
      ])
      return { tools: programs, fpgaBoards: fpga.boards, fpgaCables: fpga.cables, debugScripts }
    },
    'board.detectFpga': async ({ target }, { signal }) => {
      const controller = new AbortController()
      if (signal.aborted) controller.abort()
      signal.addEventListener('abort', () => controller.abort(), { once: true })
      return { devices: await tools.detectFpga(target, controller.signal) }
    },
    'board.bitstream': async (order) => {
      const file = await readSource(order.file)
      inspectBitstream(file.name, file.bytes)
      const follow = order.then === null ? null : await followUp(order.then)
      // The line is opened before the design runs: a boot loader sends at once and waits only briefly.
      if (order.id !== null && follow !== null) await registry.connect(order.id, {}, false)
      return startBitstream(deps, order, file, follow)
    },
    'board.debugLoad': async (order) => {
      const image = await readLoadImage(order.file, order.address)
      if (order.id !== null) await registry.connect(order.id, {}, false)
      return startDebugLoad(deps, order, image)
    }
  }
}

async function followUp({
  file,
  loader,
  address,
  start
}: NonNullable<Bitstream['then']>): Promise<LoadOrder> {
  if (loader === 'monitor') {
    throw new AppError(
      'input.invalid',
      'A new design runs no Bitbench monitor that could take a program.',
      'Choose the boot loader that the design brings: sfl, ymodem or xmodem.'
    )
  }
  return { image: await readLoadImage(file, address), loader, start }
}

function startBitstream(
  { registry, tools, jobs, nowMs, records }: Deps,
  order: Bitstream,
  file: { name: string; bytes: Uint8Array },
  follow: LoadOrder | null
): { jobId: string } {
  const held = order.id === null ? null : (registry.heldOrNone(order.id) ?? null)
  const startedMs = nowMs()
  const sizeBytes = file.bytes.length
  const total = sizeBytes + (follow?.image.sizeBytes ?? 0)
  const work = async (context: JobContext): Promise<void> => {
    const { signal } = context
    held?.console.note(`writing bitstream ${file.name}`)
    const { result } = await tools.writeBitstream(file, {
      target: order.target,
      memory: order.memory,
      part: order.part,
      signal,
      onProgress: (done, note) => context.progress(done, total, note)
    })
    const common = { jobId: context.id, boardId: order.id, crc32: null }
    records.add({ ...common, fileName: file.name, loader: 'openFPGALoader', sizeBytes, result }, startedMs)
    held?.console.note(`${file.name}: ${result}`)
    if (held === null || follow === null) return
    const loadedMs = nowMs()
    await held.connection.connected(comeBackMs, signal)
    const session = held.connection.session
    if (session === null) throw lineGone(order.id!)
    const onProgress = (done: number, note: string): void => context.progress(sizeBytes + done, total, note)
    const loaded = await carry(session, follow, { signal, onProgress })
    const { image, loader } = follow
    records.add({ ...common, ...loaded, fileName: image.name, loader, sizeBytes: image.sizeBytes }, loadedMs)
    held.console.note(`${image.name}: ${loaded.result}`)
  }
  const then = follow === null ? '' : `, then ${follow.image.name} (${follow.loader})`
  return startNoted(jobs, held, `bitstream ${file.name}`, {
    kind: 'board.bitstream',
    title: `Bitstream ${file.name} into ${targetText(order)}${then}`,
    total,
    work
  })
}

function startDebugLoad(
  { registry, tools, jobs, nowMs, records }: Deps,
  { route, start, id }: DebugLoad,
  image: LoadImage
): { jobId: string } {
  const held = id === null ? null : (registry.heldOrNone(id) ?? null)
  const startedMs = nowMs()
  const { name: fileName, sizeBytes } = image
  const loader = route.kind
  const work = async (context: JobContext): Promise<void> => {
    held?.console.note(`loading ${fileName} with ${loader}`)
    const { result } = await tools.debugLoad(route, debugProgram(image), {
      start,
      signal: context.signal,
      onProgress: (done, note) => context.progress(done, sizeBytes, note)
    })
    // What was loaded may be a monitor: then this is a Bitbench board now.
    if (start) await held?.connection.session?.hello({ signal: context.signal }).catch(() => undefined)
    records.add(
      { jobId: context.id, boardId: id, fileName, loader, sizeBytes, crc32: null, result },
      startedMs
    )
    held?.console.note(`${fileName}: ${result}`)
  }
  const through = route.kind === 'gdb' ? route.server : route.configs.join(' + ')
  return startNoted(jobs, held, `debug load of ${fileName}`, {
    kind: 'board.debugLoad',
    title: `Load ${fileName} through ${through} (${loader})`,
    total: sizeBytes,
    work
  })
}

/** A Job over a board's line, where it has one that is open: leased while it lasts, its end noted in the console. */
function startNoted(
  jobs: JobService,
  held: Held | null,
  owner: string,
  job: { kind: string; title: string; total: number; work: (context: JobContext) => Promise<void> }
): { jobId: string } {
  const started = jobs.start({
    kind: job.kind,
    title: job.title,
    unit: 'bytes',
    total: job.total,
    run: (context) =>
      held !== null && held.connection.state === 'connected'
        ? held.connection.withLease(owner, () => replacing(held, () => job.work(context)))
        : job.work(context)
  })
  started.result.catch((error: unknown) => held?.console.note(`${owner}: ${AppError.from(error).message}`))
  return { jobId: started.jobId }
}

/** What the board said of itself holds no longer while its program is replaced, unless that fails before anything is. */
async function replacing(held: Held, work: () => Promise<void>): Promise<void> {
  const restore = held.connection.forgetIdentity()
  try {
    await work()
  } catch (error) {
    await restore()
    throw error
  }
}

function targetText({ target }: Bitstream): string {
  return target.kind === 'xvc' ? target.server : target.name
}

function lineGone(id: string): AppError {
  return new AppError(
    'board.disconnected',
    `The line of ${id} did not come back after the bitstream.`,
    'Connect it again, then load the program.'
  )
}
