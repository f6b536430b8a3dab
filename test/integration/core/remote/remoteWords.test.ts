import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { quotedForShell, remoteWords, shellsOf } from '@core/remote/remoteWords'

const words = [
  'plain-1.0/x',
  '/my tools/bit bench',
  "it's",
  '',
  '$HOME',
  '`id`',
  '*',
  'a\nb',
  'ü',
  '\\',
  '"',
  '~'
]

/** What a program gets whose command line a real shell splits. */
const through = (line: string): string[] =>
  JSON.parse(
    execFileSync('sh', ['-c', `node -e 'console.log(JSON.stringify(process.argv.slice(1)))' -- ${line}`], {
      encoding: 'utf8'
    })
  ) as string[]

describe('words for another machine', () => {
  it('come out of a real shell as they were', () => {
    expect(through(words.map(quotedForShell).join(' '))).toEqual(words)
  })
  it('come out of two shells as they were', () => {
    const once = through(remoteWords([], words, 2).join(' '))
    expect(through(once.join(' '))).toEqual(words)
  })
  it('pass a prefix without a shell unchanged', () => {
    const prefix = ['srun', '--gres=gpu:1']
    expect(remoteWords(prefix, ["it's"], shellsOf(prefix))).toEqual(['srun', '--gres=gpu:1', "it's"])
  })
  it('counts one shell per ssh', () => {
    expect(shellsOf(['ssh', 'gpu1'])).toBe(1)
    expect(shellsOf(['/usr/bin/ssh', 'login', 'ssh', 'gpu1'])).toBe(2)
    expect(shellsOf(['ssh', '-J', 'gateway', 'gpu1', 'srun'])).toBe(1)
    expect(shellsOf(['sshpass-like', 'env'])).toBe(0)
  })
})
