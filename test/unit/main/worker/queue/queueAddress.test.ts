import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { parseQueueAddress } from '@main/worker/queue/queueAddress'

describe('address of the queue server', () => {
  it('reads host, port, database, user, password and TLS', () => {
    expect(parseQueueAddress('redis://lab')).toMatchObject({
      host: 'lab',
      tcpPort: 6379,
      database: 0,
      tls: false,
      password: null
    })
    expect(parseQueueAddress(' rediss://ada:p%40ss%2F@lab.example:7000/3 ')).toEqual({
      host: 'lab.example',
      tcpPort: 7000,
      database: 3,
      username: 'ada',
      password: 'p@ss/',
      tls: true,
      shown: 'rediss://lab.example:7000/3'
    })
    expect(parseQueueAddress('redis://[::1]:7000')).toMatchObject({
      host: '::1',
      shown: 'redis://[::1]:7000'
    })
  })

  it.each([
    '',
    'lab',
    'lab:6379',
    'http://lab',
    'redis://',
    'redis://lab:99999',
    'redis://lab:0',
    'redis://lab/x',
    'redis://lab/1234',
    'redis://lab?password=hidden',
    'redis://:hidden%@lab'
  ])('refuses "%s" and repeats no secret', (text) => {
    const error = (() => {
      try {
        return parseQueueAddress(text)
      } catch (reason) {
        return reason
      }
    })() as AppError
    expect(error).toBeInstanceOf(AppError)
    expect(error.code).toBe('input.invalid')
    expect(`${error.message}${error.hint}${JSON.stringify(error.details ?? {})}`).not.toContain('hidden')
  })
})
