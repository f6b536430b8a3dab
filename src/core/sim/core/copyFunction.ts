let made = 0

/**
 * `new Function` with a source text that never repeats. V8 builds a closure's constants (here: typed arrays and their
 * addresses) into machine code only while its function has a single closure, and it gives equal source texts the
 * same function; a running number keeps two machines from sharing one. Throws where the host forbids it.
 */
export function freshFunction(parameter: string, body: string): (argument: unknown) => unknown {
  made++
  return new Function(parameter, `// ${made}\n${body}`) as (argument: unknown) => unknown
}
