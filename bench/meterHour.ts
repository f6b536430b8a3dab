/**
 * A power meter of 100,000 readings a second for an hour, as fast as this machine goes: words of the simulated PPK2 through what
 * decodes, averages and keeps them for a live window, which looks ten times a second as the product's does. Memory must not grow
 * with time, and an hour must take less than an hour. What the page draws of such a trace is measured by bench:charts, what a
 * recording stores of it by bench:large.
 *
 *   npm run bench:meter-hour -- [--seconds 3600] [--json]
 *
 * --seconds: simulated time; the share of an hour that it is is printed.
 */
import { loadavg } from 'node:os'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { createPpk2Binning } from '../src/core/meter/ppk2/bins'
import { readPpk2Metadata } from '../src/core/meter/ppk2/calibration'
import { ppk2Commands, ppk2Hz } from '../src/core/meter/ppk2/commands'
import { createPpk2Decoder } from '../src/core/meter/ppk2/decoder'
import { createVirtualPpk2 } from '../src/core/meter/ppk2/virtualPpk2'
import { createPowerPyramid } from '../src/core/meter/powerPyramid'
import { formatBytes, formatPercent } from '../src/shared/units'
import { collectGarbage } from '../scripts/collectGarbage'
import { positive, readFlags } from './flags'

/** What is still held after a collection may vary by this much over the time; an hour's means alone would be 115 MB. */
const bars = { grownBytes: 2e6, shareOfTime: 1 }
const supplyV = 3.3
const looksPerSecond = 10
/** Points that a window fetches of all of the trace, of what is zoomed into, and of the newest readings. */
const buckets = 1000

/** Memory that something still refers to, bytes. */
async function heldBytes(): Promise<number> {
  // Buffers that a collection finds unused are freed behind it, beside this thread.
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    await pause(20)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const { values } = readFlags(
  { options: { seconds: { type: 'string', default: '3600' }, json: { type: 'boolean', default: false } } },
  { seconds: positive(86_400) }
)
const seconds = Number(values.seconds)

// A load of 20 mA that comes and goes each second on 8 mA, with a ripple: no reading is stuck.
const meter = createVirtualPpk2({
  currentA: (tMs) => (tMs % 2000 < 1000 ? 0.008 : 0.028) * (1 + 0.01 * Math.sin(7.3 * tMs)),
  bits: (tMs) => (tMs % 2000 < 1000 ? 0 : 1)
})
const metadata = Buffer.from(meter.receive(Uint8Array.from(ppk2Commands.metadata()))).toString('latin1')
meter.receive(Uint8Array.from(ppk2Commands.voltage(supplyV * 1000)))
meter.receive(Uint8Array.from(ppk2Commands.start()))

const pyramid = createPowerPyramid(0.5)
let energyJ = 0
let stretches = 0
const binning = createPpk2Binning(supplyV, 1, [], {
  stretch(fromMs, toMs, meanW, lowW, highW) {
    pyramid.stretch(fromMs, toMs, meanW, lowW, highW)
    energyJ += (meanW * (toMs - fromMs)) / 1000
    stretches++
  },
  gap: () => undefined,
  edge: () => undefined
})
const decoder = createPpk2Decoder(readPpk2Metadata(metadata).ranges, supplyV, binning)

/** Words of so many readings; the processor time that they take is counted apart. */
function made(samples: number): Uint8Array {
  const from = process.cpuUsage()
  const words = meter.advance(samples)
  const { user, system } = process.cpuUsage(from)
  makingUs += user + system
  return words
}

const perLook = ppk2Hz / looksPerSecond
const looks = Math.round(seconds * looksPerSecond)
const tenth = Math.max(1, Math.floor(looks / 10))
let points = 0
let makingUs = 0
const held: number[] = []
const cpuFrom = process.cpuUsage()
for (let look = 0; look < looks; look++) {
  const words = made(perLook)
  decoder.push(words)
  const endMs = pyramid.lastMs
  for (const begin of [0, endMs - 1000, endMs - 10]) points += pyramid.read(begin, endMs, buckets).min.length
  if (look % looksPerSecond === 0) await nextTurn()
  if ((look + 1) % tenth === 0) held.push(await heldBytes())
}
const cpu = process.cpuUsage(cpuFrom)
// The words are made here and not by a meter: their time is not the product's.
const ownSeconds = (cpu.user + cpu.system - makingUs) / 1e6
const readings = looks * perLook
const meanW = energyJ / (stretches / 1000)
const result = {
  seconds: looks / looksPerSecond,
  shareOfHour: looks / looksPerSecond / 3600,
  ...{ readings, stretches, points, meanW },
  shareOfTime: ownSeconds / (looks / looksPerSecond),
  ...{ rssBytes: process.memoryUsage().rss, heldBytes: held, load: loadavg()[0] },
  grownBytes: Math.max(...held) - held[0]
}
const isKept = result.grownBytes <= bars.grownBytes && result.shareOfTime < bars.shareOfTime
if (values.json) console.log(JSON.stringify({ ...result, bars, isKept }, null, 2))
else {
  console.log(
    [
      `${result.seconds} s of a meter, ${formatPercent(result.shareOfHour)} of an hour: ${readings} readings, mean ${meanW.toFixed(4)} W`,
      `processor: ${formatPercent(result.shareOfTime)} of that time, without making the words; load of the machine ${result.load.toFixed(1)}`,
      `memory held: ${formatBytes(held[0])} after a tenth, at most ${formatBytes(Math.max(0, result.grownBytes))} more later (bar ${formatBytes(bars.grownBytes)}); process ${formatBytes(result.rssBytes)}`,
      isKept ? 'all bars are kept' : 'bars missed'
    ].join('\n')
  )
}
if (!isKept) process.exitCode = 1
