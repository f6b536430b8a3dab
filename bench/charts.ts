/**
 * Zooming a trace of 100,000 readings a second over an hour in a headless Chromium: frames per second, time between
 * frames and memory of the page. The chart is the product's; the host's part (min and max by pixel) is a kept pyramid.
 *
 *   npm run bench:charts -- [--hz 100000] [--seconds 3600] [--rounds 3] [--trace FILE] [--json]
 *
 * --trace writes what Chromium did in the last round, for chrome://tracing or ui.perfetto.dev
 */
import { createServer } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import { chromiumFile, collectComplaints, openBrowser } from '../test/e2e/support/browser'
import { createSignal } from './charts/signal'
import { positive, readFlags, whole } from './flags'

/** A frame that keeps the main thread busy for longer than a 60th of a second cannot come in time on any machine. */
const bars = { framesPerSecond: 58, mainThreadMs: 1000 / 60, grownBytes: 20e6 }
/** About two points a pixel. */
const buckets = 2000
/** The wheel goes in and out of the whole range once in this time, s. */
const roundSeconds = 8

const { values } = readFlags(
  {
    options: {
      hz: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '3600' },
      rounds: { type: 'string', default: '3' },
      trace: { type: 'string' },
      json: { type: 'boolean', default: false }
    }
  },
  { hz: positive(), seconds: positive(), rounds: whole() }
)
if (chromiumFile === null) throw new Error('No Chromium was found: apt install chromium')

const root = process.cwd()
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-charts-'))
await build({
  ...{ configFile: false, root: path.join(root, 'bench/charts'), base: './', logLevel: 'error' },
  resolve: {
    alias: Object.fromEntries(
      ['shared', 'core', 'renderer'].map((layer) => [`@${layer}`, path.join(root, 'src', layer)])
    )
  },
  plugins: [vue()],
  build: { outDir: folder, emptyOutDir: true, target: 'esnext' }
})
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const server = createServer((request, response) => {
  const name = request.url === '/' ? '/index.html' : new URL(request.url!, 'http://x').pathname
  const file = path.join(folder, path.normalize(name))
  const type = types[path.extname(file)]
  if (type === undefined) {
    response.writeHead(204).end()
    return
  }
  response.writeHead(200, { 'content-type': type }).end(readFileSync(file))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as { port: number }

/** Frames by the times between them; one that took the time of two was dropped once. */
function framesOf(intervalsMs: readonly number[]) {
  const sorted = [...intervalsMs].sort((a, b) => a - b)
  const total = intervalsMs.reduce((sum, one) => sum + one, 0)
  const dropped = intervalsMs.reduce((sum, one) => sum + Math.max(0, Math.round((one * 60) / 1000) - 1), 0)
  return {
    ...{ framesPerSecond: (1000 * intervalsMs.length) / total, frames: intervalsMs.length, dropped },
    p95Ms: sorted[Math.floor(0.95 * sorted.length)]!,
    longestMs: sorted.at(-1)!
  }
}

const signal = createSignal(Number(values.hz), Number(values.seconds))
const lastMs = Number(values.seconds) * 1000
const browser = await openBrowser()
try {
  const page = await browser.context.newPage()
  const complaints = collectComplaints(page)
  await page.exposeFunction('readEnvelope', (fromMs: number, toMs: number | null) =>
    signal.envelope(fromMs, Math.min(toMs ?? Infinity, lastMs), buckets)
  )
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.waitForFunction(() => (globalThis as unknown as { ready?: boolean }).ready === true)
  const cdp = await browser.context.newCDPSession(page)
  const heap = async (): Promise<number> => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize
  }
  const zoom = (seconds: number, turns = true) =>
    page.evaluate(
      ([time, isTurning]) =>
        (
          globalThis as unknown as {
            zoomFor(seconds: number, turns: boolean): Promise<{ intervalsMs: number[]; fetched: number }>
          }
        ).zoomFor(time, isTurning),
      [seconds, turns] as const
    )
  // Processor time of the page's main thread, which other work on the machine does not lengthen.
  await cdp.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' })
  await cdp.send('Performance.enable')
  const busy = async (): Promise<Record<string, number>> => {
    const { metrics } = await cdp.send('Performance.getMetrics')
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1000]))
  }
  // Compiled code and caches are there after a first round.
  await zoom(roundSeconds)
  const still = framesOf((await zoom(roundSeconds, false)).intervalsMs)
  const before = await heap()
  const rounds = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const isTraced = values.trace !== undefined && round === Number(values.rounds) - 1
    if (isTraced) await browser.context.browser()?.startTracing(page, { path: values.trace! })
    const begun = await busy()
    const { intervalsMs, fetched } = await zoom(roundSeconds)
    const ended = await busy()
    if (isTraced) await browser.context.browser()?.stopTracing()
    const perFrame = (name: string): number => (ended[name]! - begun[name]!) / intervalsMs.length
    rounds.push({
      ...framesOf(intervalsMs),
      fetched,
      mainThreadMs: perFrame('TaskDuration'),
      scriptMs: perFrame('ScriptDuration'),
      heapBytes: await heap()
    })
  }
  const result = {
    ...{ readings: signal.readings, points: buckets, still, rounds, before, complaints },
    grownBytes: rounds.at(-1)!.heapBytes - before,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0]!,
    chromium: browser.context.browser()?.version() ?? 'unknown'
  }
  if (values.json) console.log(JSON.stringify(result, null, 1))
  else {
    console.log(
      `${signal.readings.toLocaleString('en')} readings; ${result.processor}, ${result.cores} cores, load ${result.load.toFixed(1)}`
    )
    console.log(
      `the page at rest: ${still.framesPerSecond.toFixed(1)} frames/s, ${still.dropped} of ${still.frames} dropped`
    )
    for (const one of rounds)
      console.log(
        `${one.framesPerSecond.toFixed(1)} frames/s, ${one.dropped} of ${one.frames} dropped, p95 ${one.p95Ms.toFixed(1)} ms, longest ${one.longestMs.toFixed(1)} ms, ` +
          `main thread ${one.mainThreadMs.toFixed(1)} ms a frame (${one.scriptMs.toFixed(1)} script), ${one.fetched} finer parts, ${(one.heapBytes / 1e6).toFixed(1)} MB`
      )
    console.log(
      `memory of the page grew by ${(result.grownBytes / 1e6).toFixed(2)} MB over ${rounds.length} rounds`
    )
    const slow = rounds.filter(({ framesPerSecond }) => framesPerSecond < bars.framesPerSecond).length
    const dear = rounds.filter(({ mainThreadMs }) => mainThreadMs > bars.mainThreadMs).length
    const isKept = slow === 0 && dear === 0 && result.grownBytes <= bars.grownBytes && complaints.length === 0
    console.log(
      isKept
        ? 'all bars are kept'
        : `bars missed: ${slow} slow rounds, ${dear} of too much work a frame, complaints: ${complaints.join('; ') || 'none'}`
    )
    if (!isKept) process.exitCode = 1
  }
} finally {
  await browser.close()
  server.close()
  rmSync(folder, { recursive: true, force: true })
}
