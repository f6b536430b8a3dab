import { describe, expect, it } from 'vitest'
import { createTurns } from '@shared/turns'

/** Work that ends when the test says so. */
function heldWork(log: string[], name: string) {
  let resolve!: (value: string) => void
  let reject!: (reason: Error) => void
  const promise = new Promise<string>((...settle) => ([resolve, reject] = settle))
  return {
    resolve,
    reject,
    work: (): Promise<string> => {
      log.push(`${name} starts`)
      return promise.finally(() => log.push(`${name} ends`))
    }
  }
}

describe('turns', () => {
  it('starts a piece of work only when the one before it has ended, and returns each its own value', async () => {
    const log: string[] = []
    const turns = createTurns()
    const [a, b] = [heldWork(log, 'a'), heldWork(log, 'b')]
    const results = [turns.take(a.work), turns.take(b.work)]
    b.resolve('of b')
    await Promise.resolve()
    expect(log).toEqual(['a starts'])
    a.resolve('of a')
    expect(await Promise.all(results)).toEqual(['of a', 'of b'])
    expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends'])
  })

  it('gives an error to the caller of the work that failed, and goes on with the next', async () => {
    const turns = createTurns()
    const failed = turns.take(() => Promise.reject(new Error('no space')))
    const thrown = turns.take(async () => {
      throw new Error('thrown')
    })
    const next = turns.take(async () => 7)
    await expect(failed).rejects.toThrow('no space')
    await expect(thrown).rejects.toThrow('thrown')
    expect(await next).toBe(7)
  })

  it('has ended when the last piece given so far has, even if it failed', async () => {
    const log: string[] = []
    const turns = createTurns()
    await turns.ended()
    const held = heldWork(log, 'a')
    const failed = turns.take(held.work).catch(() => log.push('caught'))
    const ended = turns.ended().then(() => log.push('ended'))
    await Promise.resolve()
    expect(log).toEqual(['a starts'])
    held.reject(new Error('gone'))
    await Promise.all([failed, ended])
    expect(log.at(1)).toBe('a ends')
    expect(log.toSorted()).toEqual(['a ends', 'a starts', 'caught', 'ended'])
  })
})
