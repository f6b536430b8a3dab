import { z } from 'zod'
import { origins } from '../../vocabulary'

/**
 * How a noun's contract is written. One file per noun (board.ts, proxy.ts, ...) declares its commands (zod in, zod
 * out) and its events; contract/index.ts merges them. Hosts, the preload bridge, the renderer's client and the CLI
 * know nothing but this shape, so a new command needs no code in any of them.
 */
export interface CommandContract<In extends z.ZodType = z.ZodType, Out extends z.ZodType = z.ZodType> {
  readonly in: In
  readonly out: Out
}

/** Commands and events of a noun. */
export interface NounContract {
  /** Keys are `<noun>.<verb>`. */
  readonly commands: Readonly<Record<string, CommandContract>>
  /** Keys are `<noun>.<what happened>`; payload schema. */
  readonly events: Readonly<Record<string, z.ZodType>>
}

/** Identity with inference: keeps the exact schemas of every command and event. */
export function defineContract<const C extends NounContract>(contract: C): C {
  return contract
}

/** A command with its input and output schema. */
export function command<In extends z.ZodType, Out extends z.ZodType>(input: In, output: Out) {
  return { in: input, out: output } as const
}

/** Input of commands that take none. */
export const nothing = z.object({}).strict()

/** Output of commands that only act. */
export const done = z.object({ ok: z.literal(true) })

/** Where a value comes from. */
export const originSchema = z.enum(origins)

/** Decimal mark, where a CSV file can be read both ways. */
export const decimalSchema = z.enum(['.', ','])

/** Arguments a caller passes (before defaults are applied). */
export type InputOf<C extends CommandContract> = z.input<C['in']>
/** Arguments a service receives (defaults applied). */
export type ArgumentsOf<C extends CommandContract> = z.output<C['in']>
/** What a service returns and a caller gets. */
export type OutputOf<C extends CommandContract> = z.output<C['out']>

/** The functions a service provides for one noun's commands, keyed by full command name. */
export type HandlersOf<C extends NounContract> = {
  [K in keyof C['commands']]: (
    args: ArgumentsOf<C['commands'][K]>,
    context: CallContext
  ) => Promise<OutputOf<C['commands'][K]>>
}

/** A stored row that cannot be read, and what is wrong with it. */
export const unreadableRowSchema = z.object({ id: z.string(), problem: z.string() })

/** The part of AbortSignal that both Node and browsers have, without the types of either. */
export interface StopSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What a service may know of a call. */
export interface CallContext {
  /** Aborted when the caller goes away or the host's deadline passes. */
  readonly signal: StopSignal
}

/** Typed sender for one noun's events; given to its service by compose. */
export type EmitterOf<C extends NounContract> = <K extends keyof C['events'] & string>(
  event: K,
  payload: z.output<C['events'][K]>
) => void
