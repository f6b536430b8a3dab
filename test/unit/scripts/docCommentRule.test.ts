import { Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import { docCommentRule } from '../../../scripts/docCommentRule.mjs'

/** Names that the rule complains about. */
function missing(code: string): string[] {
  const linter = new Linter()
  const messages = linter.verify(code, {
    languageOptions: { parser: tseslint.parser as never },
    plugins: { documented: { rules: { exports: docCommentRule as never } } },
    rules: { 'documented/exports': 'error' },
    linterOptions: { reportUnusedDisableDirectives: 'off' }
  })
  return messages.map(({ message }) => message.split(' ')[0]!)
}

describe('rule of doc comments', () => {
  it('names exported functions, classes and types without one', () => {
    const code = [
      'export function plain(): void {}',
      '// A line comment is none.',
      'export interface Row { a: number }',
      '/* Nor is a plain block. */',
      'export type Kind = 1 | 2',
      'export class Box {}'
    ].join('\n')
    expect(missing(code)).toEqual(['plain', 'Row', 'Kind', 'Box'])
  })

  it('is content with a doc comment, also before a directive and over overloads', () => {
    const code = [
      '/** Twice x. */',
      'export function twice(x: number): number',
      'export function twice(x: string): string',
      'export function twice(x: never): never { return x }',
      '/** A row. */',
      '// eslint-disable-next-line no-restricted-syntax',
      'export interface Row { a: number }'
    ].join('\n')
    expect(missing(code)).toEqual([])
  })

  it('leaves constants, re-exports and what is not exported alone', () => {
    expect(
      missing("const a = 1\nexport const b = a\nexport { c } from './c'\nfunction d(): void {}\nd()")
    ).toEqual([])
  })
})
