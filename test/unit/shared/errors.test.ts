import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'

describe('AppError', () => {
  it('survives JSON with code, hint and details', () => {
    const error = new AppError('board.timeout', 'No answer in 2 s.', 'Check the cable.', {
      details: { port: '/dev/x' }
    })
    const revived = AppError.from(JSON.parse(JSON.stringify(error)))
    expect(revived).toBeInstanceOf(AppError)
    expect(revived.toJSON()).toEqual(error.toJSON())
  })

  it('turns anything else into internal and keeps the cause', () => {
    const cause = new TypeError('x is undefined')
    const error = AppError.from(cause)
    expect(error.code).toBe('internal')
    expect(error.cause).toBe(cause)
    expect(AppError.from({ code: 'no.such.code', message: 'm', hint: 'h' }).code).toBe('internal')
  })

  it('names a full disk as one, with what to do', () => {
    const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const error = AppError.from(cause)
    expect(error.code).toBe('store.failed')
    expect(error.hint).toContain('Free disk space')
    expect(error.cause).toBe(cause)
    expect(AppError.from(new Error('EDQUOT: disk quota exceeded, write')).code).toBe('store.failed')
    expect(AppError.from(new Error('ENOENT: no such file')).code).toBe('internal')
  })
})
