import { describe, expect, it } from 'vitest'
import { fieldsOfRunner } from '@renderer/views/workload/runnerDraft'

describe('the fields that give a runner again', () => {
  it.each([
    [
      { kind: 'onnx', model: 'a' },
      { model: 'a', provider: 'cpu' }
    ],
    [
      { kind: 'onnx', model: '/n.onnx', dataset: '/t.jsonl', types: '/y.json' },
      { model: 'file', file: '/n.onnx', dataset: '/t.jsonl', provider: 'cpu', types: '/y.json' }
    ],
    [
      { kind: 'torch', entry: 'C:/my dir/mine.py:build', device: 'cuda:0' },
      { model: 'torch', entry: 'C:/my dir/mine.py', builder: 'build', device: 'cuda:0', types: '' }
    ],
    [
      { kind: 'command', command: ['node', 'my runner.mjs', 'say "a"', "it's"] },
      { model: 'program', command: `node "my runner.mjs" 'say "a"' "it's"` }
    ]
  ] as const)('%j', (runner, draft) => {
    expect(fieldsOfRunner(runner as Parameters<typeof fieldsOfRunner>[0], ['a'])).toEqual(draft)
  })

  it.each([
    { kind: 'onnx', model: 'a network of another version' },
    { kind: 'torch', model: 'gpt2', dataset: '/t.txt' },
    { kind: 'command', command: ['node', `both ' and "`] }
  ] as const)('are none for %j', (runner) => {
    expect(fieldsOfRunner(runner as Parameters<typeof fieldsOfRunner>[0], ['a'])).toBeNull()
  })
})
