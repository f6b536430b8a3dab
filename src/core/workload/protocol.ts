import {
  runnerEventSchema,
  workloadProtocol,
  type RunnerEvent
} from '../../shared/contract/workload/workloadProtocol'
import { AppError } from '../../shared/errors'

/** What one line of a runner's stdout is. `unknown`: an event of a later version, which is counted and ignored. */
export type RunnerLine =
  { kind: 'event'; event: RunnerEvent } | { kind: 'unknown'; name: string } | { kind: 'output'; text: string }

const eventNames: ReadonlySet<string> = new Set(
  runnerEventSchema.options.map((option) => [...option.shape.event.values][0] as string)
)

/**
 * Reads one line of a runner's stdout. What is no JSON object with an `event` is output of the program and passed on.
 *
 * @throws data.invalid when a known event lacks a field or holds a wrong one
 */
export function readRunnerLine(line: string): RunnerLine {
  const text = line.trim()
  if (!text.startsWith('{') || !text.includes('"event"')) return { kind: 'output', text: line }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'output', text: line }
  }
  const name = (value as Record<string, unknown>)['event']
  if (typeof name !== 'string') return { kind: 'output', text: line }
  if (!eventNames.has(name)) return { kind: 'unknown', name }
  const parsed = runnerEventSchema.safeParse(value)
  if (parsed.success) return { kind: 'event', event: parsed.data }
  const issue = parsed.error.issues[0]
  throw new AppError(
    'data.invalid',
    `The runner printed a wrong "${name}" event: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
    'Compare the line with the protocol in docs/workloads.md.',
    { details: { line: text.slice(0, 500) } }
  )
}

/** Checks the version that a runner names. @throws input.unsupported when the runner speaks another version of the protocol */
export function requireProtocol(version: number): void {
  if (version === workloadProtocol) return
  throw new AppError(
    'input.unsupported',
    `The runner speaks version ${version} of the protocol; this Bitbench reads version ${workloadProtocol}.`,
    'Use the runner that came with this Bitbench, or update Bitbench.'
  )
}
