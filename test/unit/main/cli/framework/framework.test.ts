import { describe, expect, it } from 'vitest'
import { behindDashesNote, parseVerbArguments, type CliVerb } from '@main/cli/framework/framework'
import { givenRuns, namedRunsOptions } from '@main/cli/run/namedRun'

const verb: CliVerb = {
  ...{ summary: '', usage: '[-- COMMAND...]' },
  options: { ...namedRunsOptions, idle: { type: 'string', help: '' } },
  run: () => Promise.reject(new Error('not run'))
}

describe('options behind "--"', () => {
  it('are named where the verb has options of that name', () => {
    const words = ['--idle', '5', '--', 'bench.py', '--idle=7', '--json', '--idle', '--other']
    expect(behindDashesNote(verb, words)).toBe(
      'Note: --idle, --json behind "--" go to the command; options of bitbench stand before "--".'
    )
    expect(behindDashesNote(verb, ['--', 'bench.py', '--idle'])).toBe(
      'Note: --idle behind "--" goes to the command; options of bitbench stand before "--".'
    )
  })

  it('are not mentioned where the command alone has them, or none stand there', () => {
    expect(behindDashesNote(verb, ['--', 'bench.py', '--batch', '8', '-i', '--'])).toBeNull()
    expect(behindDashesNote(verb, ['--idle', '5'])).toBeNull()
  })
})

describe('runs that a command line names', () => {
  it('are those between commas, and each --run whole', () => {
    const args = parseVerbArguments(verb, ['--runs', 'a, b', '--run', 'A, then B', '--run=c'])
    expect(givenRuns(args)).toEqual(['a', 'b', 'A, then B', 'c'])
    expect(givenRuns(parseVerbArguments(verb, []))).toEqual([])
  })
})
