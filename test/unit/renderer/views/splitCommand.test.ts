import { describe, expect, it } from 'vitest'
import { joinCommand, splitCommand } from '@renderer/views/gpu/splitCommand'

describe('splitCommand', () => {
  it('splits at spaces and keeps quoted arguments whole', () => {
    expect(splitCommand('python  bench.py --name "two words" \'a b\'')).toEqual([
      'python',
      'bench.py',
      '--name',
      'two words',
      'a b'
    ])
    expect(splitCommand('run --out="my file".csv ""')).toEqual(['run', '--out=my file.csv', ''])
  })

  it('expands nothing', () => {
    expect(splitCommand('echo $HOME *; rm')).toEqual(['echo', '$HOME', '*;', 'rm'])
    expect(splitCommand('   ')).toEqual([])
  })
})

describe('joinCommand', () => {
  it.each([
    [['node', 'run.mjs'], 'node run.mjs'],
    [['node', 'my runner.mjs', 'say "a"', "it's", ''], `node "my runner.mjs" 'say "a"' "it's" ""`],
    [[], '']
  ])('joins %j to what splits into them again', (words, line) => {
    expect(joinCommand(words)).toBe(line)
    expect(splitCommand(line)).toEqual(words)
  })

  it('returns null for a word with both kinds of quotes', () => {
    expect(joinCommand(['node', `both ' and "`])).toBeNull()
  })
})
