import { describe, expect, it } from 'vitest'
import type { ServedHost } from '../../support/servedHost'
import { createJournal } from '../../support/torture/journal'

/** A host that announced `heard` and has `stored` in its data file. */
function hostWith(heard: { event: string; payload: unknown }[], stored: Record<string, unknown>): ServedHost {
  return { heard, call: async (name: string) => stored[name] } as unknown as ServedHost
}

const none = { 'profile.samples': { samples: [] }, 'run.list': { runs: [] } }
const sample = (id: string, time: number) => ({ id, time })

describe('the journal of what clients were told', () => {
  it('has nothing to say where everything is there', async () => {
    const journal = createJournal()
    const heard = [{ event: 'profile.measured', payload: { samples: [sample('a', 1)] } }]
    const host = hostWith(heard, {
      ...none,
      'profile.samples': { samples: [sample('a', 1), sample('b', 2)] }
    })
    journal.read(host)
    expect(journal.facts()).toBe(1)
    expect(await journal.differences(host)).toEqual([])
  })

  it('names what is gone, changed, there twice, renamed or lost its phase', async () => {
    const journal = createJournal()
    const heard = [
      { event: 'profile.measured', payload: { samples: [sample('gone', 1), sample('changed', 2)] } },
      { event: 'search.traced', payload: { searchId: 's', candidate: { index: 0, loss: 1 } } },
      { event: 'gpu.phaseMarked', payload: { recordingId: 'r', name: 'load', state: 'begin', atMs: 1 } },
      { event: 'gpu.phaseMarked', payload: { recordingId: 'r', name: 'load', state: 'end', atMs: 2 } }
    ]
    const host = hostWith(heard, {
      'profile.samples': { samples: [sample('changed', 3), sample('twice', 1), sample('twice', 1)] },
      'search.get': { search: { trace: [{ index: 0, loss: 2 }] } },
      'gpu.recording': { phases: [{ name: 'load', ended: false }] },
      'run.list': {
        runs: [
          { id: 'n', name: 'other', state: 'done' },
          { id: 'u', state: 'unreadable', problem: 'p' }
        ]
      }
    })
    journal.read(host)
    journal.named('n', 'mine')
    journal.started('lost')
    expect(await journal.differences(host)).toEqual([
      'Sample twice is there twice',
      'Sample gone was announced and is gone',
      'Sample changed is not what was announced',
      'Scheme 0 of search s is not what was announced',
      'Recording r lost the end of a phase',
      'Run lost was started and is gone',
      'Run n is called other, not mine',
      'Run u is unreadable: p'
    ])
  })

  it('takes every event once', () => {
    const journal = createJournal()
    const host = hostWith([{ event: 'profile.measured', payload: { samples: [sample('a', 1)] } }], none)
    journal.read(host)
    journal.read(host)
    expect(journal.facts()).toBe(1)
  })
})
