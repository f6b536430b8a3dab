import { AppError } from '../../shared/errors'
import type { CallContext, CommandContract } from '../../shared/contract/framework/define'
import type { CallReply } from '../../shared/contract/framework/transport'

/**
 * The one way into the services: looks the command up, validates what came, calls, validates what goes. Both hosts
 * and the tests use it; it never throws.
 */
export type Dispatch = (name: string, input: unknown, context: CallContext) => Promise<CallReply>

type Handler = (args: unknown, context: CallContext) => Promise<unknown>

/** Returns a function that validates a request, calls its handler and validates the result. */
export function createDispatcher(
  commands: Readonly<Record<string, CommandContract>>,
  handlers: Readonly<Record<string, unknown>>,
  log: (line: string) => void
): Dispatch {
  return async (name, input, context) => {
    try {
      const contract = Object.hasOwn(commands, name) ? commands[name] : undefined
      const handler = Object.hasOwn(handlers, name) ? (handlers[name] as Handler) : undefined
      if (contract === undefined || handler === undefined) {
        throw new AppError(
          'host.unknownCommand',
          `There is no command "${name}".`,
          'The page and the program may be of different versions: reload the page.'
        )
      }
      const parsed = contract.in.safeParse(input ?? {})
      if (!parsed.success) {
        throw new AppError(
          'input.invalid',
          `${name}: ${describe(parsed.error.issues)}`,
          'Correct the marked value.',
          {
            details: {
              issues: parsed.error.issues.map((issue) => ({ path: issue.path, message: issue.message }))
            }
          }
        )
      }
      const output = contract.out.safeParse(await handler(parsed.data, context))
      if (!output.success) {
        throw new AppError(
          'internal',
          `${name} returned a value outside its contract: ${describe(output.error.issues)}`,
          'This is a fault in Bitbench; report it with the log file.'
        )
      }
      return { ok: true, value: output.data }
    } catch (reason) {
      const error = AppError.from(reason)
      if (error.code === 'internal') log(`${name} failed: ${stackOf(reason)}`)
      return { ok: false, error: error.toJSON() }
    }
  }
}

function describe(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).join('.') || 'input'}: ${issue.message}`)
    .join('; ')
}

function stackOf(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
}
