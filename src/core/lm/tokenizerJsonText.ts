import type { AppError } from '../../shared/errors'
import type { TokenizerRules } from './tokenizer'

/** A step of a tokenizer.json on the text: its type, and settings of it. */
export interface TextStepJson {
  readonly type: string
  readonly normalizers?: readonly TextStepJson[] | undefined
  readonly prepend?: string | undefined
  readonly pattern?: unknown
  readonly content?: string | undefined
  readonly replacement?: string | undefined
  readonly prepend_scheme?: string | undefined
  readonly add_prefix_space?: boolean | undefined
  readonly split?: boolean | undefined
}

/** The parts of a tokenizer.json that change a text before it is cut into pieces. */
export interface TextSteps {
  readonly normalizer?: TextStepJson | null | undefined
  readonly pre_tokenizer?: TextStepJson | null | undefined
}

/**
 * Reads what happens to a text before it is cut into pieces: spaces become `mark`, and one is put in front: by the normalizer always, by
 * a Metaspace where the text does not begin with one.
 * @throws what `refused` returns for any other step, which would change the text without a word
 */
export function textRules(
  { normalizer, pre_tokenizer: splitter }: TextSteps,
  mark: string,
  refused: (what: string) => AppError
): Pick<TokenizerRules, 'prepare' | 'wordsAlone'> {
  const steps = flat(normalizer)
  const prepends = steps.filter(({ type, prepend }) => type === 'Prepend' && prepend === mark).length
  const replaces = steps.filter((step) => isReplace(step, mark)).length
  if (prepends + replaces !== steps.length || prepends !== replaces || prepends > 1)
    throw refused(`its normalizer (${typesOf(steps)}) does more than put a ${mark} for spaces and in front`)
  const spaced = (text: string): string => text.replaceAll(mark, ' ')
  if (splitter === null || splitter === undefined) {
    if (prepends === 0) throw refused(`nothing puts a ${mark} in front of a text`)
    return { prepare: (text) => ` ${spaced(text)}` }
  }
  if (!isMetaspace(splitter, mark))
    throw refused(`its pre-tokenizer (${splitter.type}) is no Metaspace that puts a ${mark} in front`)
  return {
    prepare: (text) => (prepends === 0 && spaced(text).startsWith(' ') ? spaced(text) : ` ${spaced(text)}`),
    wordsAlone: splitter.split !== false
  }
}

const flat = (step: TextStepJson | null | undefined): readonly TextStepJson[] =>
  step === null || step === undefined ? [] : step.type === 'Sequence' ? (step.normalizers ?? []) : [step]

const typesOf = (steps: readonly TextStepJson[]): string => steps.map(({ type }) => type).join(', ') || 'none'

const isReplace = ({ type, pattern, content }: TextStepJson, mark: string): boolean =>
  type === 'Replace' && content === mark && JSON.stringify(pattern) === '{"String":" "}'

function isMetaspace(step: TextStepJson, mark: string): boolean {
  const { type, replacement, prepend_scheme: scheme, add_prefix_space: before } = step
  const puts = scheme === undefined ? before === true : scheme === 'always' || scheme === 'first'
  return type === 'Metaspace' && replacement === mark && puts
}
