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
})
