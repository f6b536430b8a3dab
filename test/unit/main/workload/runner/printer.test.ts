import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createPhases } from '@main/workload/runner/printer'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { printed } from './runnerNetwork'

it('keeps the name of the present phase in the file that the environment names', () => {
  const file = path.join(temporaryFolder(), 'phase')
  const { print, events } = printed()
  const seen: string[] = []
  const phases = createPhases({ BITBENCH_PHASE_FILE: file }, (event) => {
    print(event)
    seen.push(readFileSync(file, 'utf8'))
  })
  phases.begin('layer:fc1')
  phases.end('layer:fc1', 12, { copies: 4 })
  expect(seen).toEqual(['layer:fc1', 'layer:fc1'])
  expect(readFileSync(file, 'utf8')).toBe('')
  expect(events).toMatchObject([
    { event: 'phase', name: 'layer:fc1', state: 'begin' },
    { event: 'phase', name: 'layer:fc1', state: 'end', repetitions: 12, copies: 4 }
  ])
  expect(events[1]!['ns'] as number).toBeGreaterThanOrEqual(events[0]!['ns'] as number)
})

it.each([{}, { BITBENCH_PHASE_FILE: '' }])('prints alone where none is named: %j', (env) => {
  const { print, events } = printed()
  const phases = createPhases(env, print)
  phases.begin('a')
  phases.end('a', 1)
  expect(events).toHaveLength(2)
})
