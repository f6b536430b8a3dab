import { describe, expect, it } from 'vitest'
import { continueText, promptTokens, type TextStep } from '@main/lm/continueText'

type Arguments = Parameters<typeof continueText>

/** A board that returns these tokens, and a host that returns the same but for one position. */
function rig(tokens: readonly number[], sequenceLength: number, differsAt = -1) {
  const fed: [number, number][] = []
  let position = 0
  const board = {
    step: async (token: number, at: number) => {
      fed.push([token, at])
      return { token: tokens[at]! }
    }
  } as unknown as Arguments[0]
  const host = {
    config: { sequenceLength },
    reset: () => (position = 0),
    *stepInParts() {
      const scores = new Float32Array(300)
      scores[position === differsAt ? 0 : tokens[position]!] = 1
      position++
      return scores
    }
  } as unknown as Arguments[1]
  /** Tokens from 3 on are bytes. */
  const tokenizer: Arguments[2] = { decode: (_, token) => Uint8Array.of(token - 3) }
  const run = async (prompted: number[], most: number, toTheEnd = false): Promise<TextStep[]> => {
    const steps: TextStep[] = []
    const signal = new AbortController().signal
    for await (const step of continueText(board, host, tokenizer, prompted, {
      tokens: most,
      toTheEnd,
      signal
    }))
      steps.push(step)
    return steps
  }
  return { run, fed }
}
const letter = (character: string): number => character.charCodeAt(0) + 3

describe('a text that a board continues', () => {
  it('is fed its prompt first, then its own tokens, and has as many as are wanted', async () => {
    const { run, fed } = rig([50, letter('a'), letter('b'), letter('c')], 10)
    const steps = await run([1, 7], 2)
    expect(fed).toEqual([
      [1, 0],
      [7, 1],
      [letter('a'), 2]
    ])
    expect(steps.map(({ position, forced, text }) => [position, forced, text])).toEqual([
      [0, true, ''],
      [1, false, 'a'],
      [2, false, 'b']
    ])
    expect(steps.every(({ equal }) => equal)).toBe(true)
  })

  it('says where the board differs from the host', async () => {
    const { run } = rig([letter('a'), letter('b'), letter('c')], 10, 1)
    expect((await run([1], 3)).map(({ equal }) => equal)).toEqual([true, false, true])
  })

  it('ends where the model ends it, unless it is to go on, and at the end of the sequence', async () => {
    const tokens = [letter('a'), 1, letter('c'), letter('d')]
    expect((await rig(tokens, 10).run([1], 4)).map(({ text }) => text)).toEqual(['a', ''])
    expect(await rig(tokens, 4).run([1], 99, true)).toHaveLength(4)
    expect(await rig(tokens, 3).run([1], 99, true)).toHaveLength(3)
    // The end in a prompt ends nothing.
    expect(await rig(tokens, 10).run([1, 5, 6], 1)).toHaveLength(3)
  })

  it('shows a character of several bytes when it is whole', async () => {
    const bytes = [...Buffer.from('ü!')].map((byte) => byte + 3)
    expect((await rig(bytes, 10).run([1], 3)).map(({ text }) => text)).toEqual(['', 'ü', '!'])
  })

  it('has a prompt of at most the sequence', () => {
    const tokenizer = { encode: () => [1, 2, 3] } as unknown as Parameters<typeof promptTokens>[0]
    expect(promptTokens(tokenizer, 'x', 3)).toEqual([1, 2, 3])
    expect(() => promptTokens(tokenizer, 'x', 2)).toThrow('3 tokens')
  })
})
