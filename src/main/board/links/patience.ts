import type { LinkDescriptor } from './link'

/** Variable of the environment that multiplies how long lines of QEMU and verilated cores are waited for. */
const patienceVariable = 'BITBENCH_PATIENCE'
const maxPatience = 1_000

/** Programs that run as fast as this machine lets them: six times as long as a board, which keeps its own pace. */
const simulatedPatience = 6

/** How many times longer than a board of its own pace a link is waited for; from the environment where it is set there. */
export function patienceOf(kind: LinkDescriptor['kind'], environment = process.env): number {
  if (kind !== 'qemu' && kind !== 'rtl') return 1
  const given = Number(environment[patienceVariable] ?? NaN)
  return given >= 1 ? Math.min(given, maxPatience) : simulatedPatience
}

/** What to do about a simulated board that is silent; undefined for others. */
export function patienceHint(kind: LinkDescriptor['kind']): string | undefined {
  if (kind !== 'qemu' && kind !== 'rtl') return undefined
  return `It runs as fast as this machine lets it. If the machine is busy, set ${patienceVariable} (now ${patienceOf(kind)}) to a larger number and connect again.`
}
