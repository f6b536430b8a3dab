import { describe, expect, it } from 'vitest'
import { fileNameOf, summaryOf, useSessions } from '@renderer/stores/session'
import type { SessionImport } from '@shared/contract/session'
import { withClient } from './withClient'

const run = (id: string, state: SessionImport['runs'][number]['state']): SessionImport['runs'][number] => ({
  ...{ id, state, kind: 'search', title: id }
})

describe('session store', () => {
  it('says what an import did', () => {
    const known = run('a', 'alreadyHere')
    expect(summaryOf({ runs: [known], models: [], notes: [] })).toBe(
      'Nothing was added. 1 run was here already.'
    )
    expect(
      summaryOf({
        runs: [run('b', 'added'), run('c', 'addedUnderNewId'), known],
        models: [],
        notes: ['Note.']
      })
    ).toBe('2 runs added. 1 run was here already. Note.')
  })

  it('names files after titles, whatever they hold', () => {
    expect(fileNameOf('LeNet-5 within 75 %')).toBe('LeNet-5-within-75.bbsession')
    expect(fileNameOf('../../etc/passwd')).toBe('etc-passwd.bbsession')
    expect(fileNameOf('')).toBe('bitbench.bbsession')
    expect(fileNameOf('Prüfung №1')).toBe('Prüfung-1.bbsession')
  })

  it('sends the bytes of a chosen file and keeps the result', async () => {
    const client = withClient({
      'session.receive': () => ({ runs: [run('a', 'added')], models: [], notes: [] }),
      'session.openExample': () => ({ runs: [run('b', 'added')], models: [], notes: [] })
    })
    const sessions = useSessions()
    await sessions.open.run(new File([new Uint8Array([0, 255, 16])], 'x.bbsession'))
    expect(client.calls[0]).toEqual({
      name: 'session.receive',
      input: { name: 'x.bbsession', base64: 'AP8Q' }
    })
    expect(sessions.summary).toBe('1 run added.')
    await sessions.openExample.run('search')
    expect(sessions.imported?.runs[0]?.id).toBe('b')
  })
})
