import { text as textOf } from 'node:stream/consumers'
import {
  encodeConfigurations,
  withOnlyValues,
  type Configuration,
  type KnobCodec
} from '../../../core/estimator/models/knobCodec'
import { presetRole } from '../../../core/estimator/samples/presets'
import { AppError } from '../../../shared/errors'
import { readRegularFile } from '../../files/readRegularFile'

/** A line of a file of candidates. */
export interface CandidateLine {
  configuration: Configuration
  /** The other fields of the line, a name for example: they are passed on to the next program. */
  rest: Readonly<Record<string, unknown>>
}

/**
 * Candidates of a JSON lines file, or of the standard input where `file` is "-": `{knobs, outputTokens}` or flat, a
 * complete configuration of the estimator each. @throws data.invalid naming the line
 */
export async function readCandidates(file: string, codec: KnobCodec): Promise<CandidateLine[]> {
  const text = file === '-' ? await textOf(process.stdin) : (await readRegularFile(file)).toString('utf8')
  return candidatesOf(text, file === '-' ? 'Standard input' : file, codec)
}

/** The same of a text; `name` is shown in messages. Empty lines are skipped. @throws data.invalid naming the line */
export function candidatesOf(text: string, name: string, codec: KnobCodec): CandidateLine[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      const candidate = candidateOf(JSON.parse(line), codec)
      // Refuses a knob that is missing or no number while its line is known.
      encodeConfigurations(codec, [withOnlyValues(codec, candidate.configuration).configuration])
      return [candidate]
    } catch (cause) {
      throw new AppError(
        'data.invalid',
        `${name}, line ${at + 1}: ${cause instanceof Error ? cause.message : String(cause)}`,
        'Give one JSON object with the knobs a line.',
        { cause }
      )
    }
  })
}

function candidateOf(parsed: unknown, codec: KnobCodec): CandidateLine {
  if (!isRecord(parsed)) throw new Error('no JSON object.')
  const { knobs: nested, ...outer } = parsed
  const knobs: Record<string, string | number> = {}
  const rest: Record<string, unknown> = {}
  let outputTokens: number | undefined
  for (const [name, value] of Object.entries({ ...outer, ...(isRecord(nested) ? nested : {}) })) {
    const role = presetRole('vlm', name)
    const known = codec.knobs.find(
      (knob) => knob.name === name || (role?.kind === 'knob' && knob.name === role.name)
    )
    if (known !== undefined && (typeof value === 'string' || typeof value === 'number'))
      knobs[known.name] = value
    else if (role?.kind === 'outputTokens') outputTokens = tokensOf(value)
    else rest[name] = value
  }
  return { configuration: { knobs, ...(outputTokens === undefined ? {} : { outputTokens }) }, rest }
}

function tokensOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number > 0) return number
  throw new Error(`${JSON.stringify(value)} is not a number of output tokens.`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
