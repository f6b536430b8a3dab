import type { SessionImport } from '../../shared/contract/session'

/** What came of the runs of a session, a line each, and its notes. */
export function shownImport(imported: SessionImport): { json: unknown; text: string } {
  const states = { added: 'added', addedUnderNewId: 'added under a new id', alreadyHere: 'already here' }
  const lines = [
    ...imported.runs.map(
      ({ id, kind, title, state }) => `${kind.padEnd(10)} ${id}  ${title}: ${states[state]}`
    ),
    ...imported.notes
  ]
  return { json: imported, text: lines.join('\n') }
}
