import { describe, expect, it } from 'vitest'
import { readDescribed } from '@core/board/description/readDescription'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { litexBoardCsv } from '@core/sim/boards/litexBoard'
import { boardDescriptionSchema, type BoardDescription } from '@shared/contract/board/boardDescription'
import { originsBy } from '@shared/fieldOrigins'
import { describeDraft, draftOf, emptyDraft, fieldOriginText } from '@renderer/views/boards/descriptionDraft'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const timed: BoardDescription = {
  ...shippedBoards.qemu,
  clockHz: 50_000_000,
  monitor: 'machine',
  startWrites: [{ address: 0x100, value: 1 }],
  counter: {
    kind: 'timer',
    address: 0x200_bff8,
    highAddress: 0x200_bffc,
    counts: 'down',
    latchAddress: null,
    frequencyHz: 1_000_000
  }
}
const csr: BoardDescription = {
  ...timed,
  counter: { kind: 'csr', number: 0x7e2, setup: [{ csr: 0x7e0, value: 1 }] }
}

describe('the form of a description', () => {
  it('gives back what it was filled in with, fields it does not show included', () => {
    for (const board of [...Object.values(shippedBoards), timed, csr])
      expect(describeDraft(draftOf(board), board)).toEqual({ description: board, fault: null })
  })

  it('names the first field that is no number', () => {
    const draft = draftOf(timed)
    expect(describeDraft({ ...draft, uartBase: '0x1000_0000' }, timed).fault).toBeNull()
    expect(describeDraft({ ...draft, uartBase: '' }, timed).fault).toContain(
      'UART address: a number is needed'
    )
    expect(describeDraft({ ...draft, clockHz: '50 MHz' }, timed).fault).toContain('Clock: "50 MHz"')
    expect(describeDraft({ ...draft, timerHz: '-1' }, timed).fault).toContain('Timer rate')
    expect(describeDraft(emptyDraft(), null).description).toBeNull()
  })

  it('shows where each field comes from', () => {
    const read = readDescribed(bytesOf(litexBoardCsv()))
    const { description } = read
    expect(read.origins).toMatchObject({ uart: 'file', ram: 'file', counter: 'rule', monitor: 'rule' })
    expect(fieldOriginText('uart', description, read)).toBe('from the file')
    const other = { ...description, ram: { base: 0x2000_0000, sizeBytes: 1 << 20 } }
    expect(fieldOriginText('ram', other, read)).toBe('typed')
    expect(fieldOriginText('uart', other, read)).toBe('from the file')
    // The form writes the keys of a timer in another order than files and the contract do.
    const origins = originsBy(() => 'kept' as const)
    const kept = { description: boardDescriptionSchema.parse(timed), origins }
    const again = describeDraft(draftOf(kept.description), kept.description).description
    expect(fieldOriginText('counter', again, kept)).toBe('kept with the board')
    const faster = { ...timed, counter: { ...timed.counter, frequencyHz: 2_000_000 } } as BoardDescription
    expect(fieldOriginText('counter', faster, kept)).toBe('typed')
    const json = bytesOf(
      JSON.stringify({ uart: timed.uart, ram: timed.ram, loader: 'none', monitor: 'machine' })
    )
    expect(readDescribed(json).origins).toMatchObject({
      uart: 'file',
      monitor: 'file',
      counter: 'default',
      clockHz: 'unknown'
    })
    // A name like the beginning of a device tree does not make it one.
    const named = { ...timed, name: 'board / {a}' }
    expect(readDescribed(bytesOf(JSON.stringify(named))).origins).toMatchObject({
      counter: 'file',
      name: 'file'
    })
  })
})
