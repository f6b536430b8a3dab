import { describe, expect, it } from 'vitest'
import { splitsText } from '@renderer/views/model/splitsText'

describe('the note about the splits of a data set', () => {
  it('says that no item is in two of them only where that holds', () => {
    expect(splitsText(0)).toMatch(/No item is in two of them\.$/)
    expect(splitsText(1)).toMatch(/ 1 item has an equal one in another split/)
    expect(splitsText(120)).toMatch(/ 120 items have an equal one in another split/)
  })
})
