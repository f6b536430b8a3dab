import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { connectionFault, queueError } from '@main/worker/queue/queueErrors'

/** Texts of ioredis, Node and Redis 7 and 8 as they were seen from a real server. */
const server = 'redis://lab:6379'
const tlsServer = 'rediss://lab:6379'

describe('an error of the queue server', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:6379', 'down'],
    ['getaddrinfo ENOTFOUND lab', 'down'],
    ['Command timed out', 'down'],
    ['LOADING Redis is loading the dataset in memory', 'down'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'down'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'denied'],
    ['NOAUTH Authentication required.', 'denied'],
    ["NOPERM User bench has no permissions to run the 'info' command", 'denied'],
    ['MISCONF Errors writing to the AOF file: No space left on device', 'full'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', null],
    ['ERR wrong number of arguments', null]
  ])('%s is of the kind %s', (text, kind) => {
    expect(connectionFault(new Error(text))).toBe(kind)
  })

  it('of a discarded transaction is that of its first command', () => {
    const reason = Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: [new Error('MISCONF No space left on device')]
    })
    expect(connectionFault(reason)).toBe('full')
    expect(queueError(reason, server).message).toBe(
      'The queue server redis://lab:6379 takes no more data: MISCONF No space left on device.'
    )
  })

  it('ends with one full stop before its hint, with the code where the text lacks it', () => {
    const reason = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT'
    })
    expect(queueError(reason, tlsServer).message).toBe(
      'The queue server rediss://lab:6379 cannot be reached: self-signed certificate DEPTH_ZERO_SELF_SIGNED_CERT.'
    )
    const coded = Object.assign(new Error('connect ECONNREFUSED ::1:6379'), { code: 'ECONNREFUSED' })
    expect(queueError(coded, server).message).toBe(
      'The queue server redis://lab:6379 cannot be reached: connect ECONNREFUSED ::1:6379.'
    )
    expect(queueError(new Error('socket closed.'), server).message).toMatch(/[^.]\.$/)
  })

  it.each([
    ['self-signed certificate DEPTH_ZERO_SELF_SIGNED_CERT', tlsServer, '--ca FILE.pem'],
    ["Hostname/IP does not match certificate's altnames: Host: lab.", tlsServer, 'must name the host'],
    ['connect: no reply within 5 s', tlsServer, 'without TLS is reached with redis://'],
    ['read ECONNRESET', server, 'with TLS is reached with rediss://']
  ])('"%s" of %s says %s', (text, shown, words) => {
    expect(queueError(new Error(text), shown).hint).toContain(words)
  })

  it('speaks of TLS only where the connection ends as it does between two that differ in it', () => {
    for (const shown of [server, tlsServer])
      expect(queueError(new Error('connect ECONNREFUSED 10.0.0.1:6379'), shown).hint).not.toContain('TLS')
    expect(queueError(new Error('connect: no reply within 5 s'), server).hint).not.toContain('TLS')
    expect(queueError(new Error('read ECONNRESET'), tlsServer).hint).not.toContain('TLS')
  })

  it('of the product itself stays what it is', () => {
    const own = new AppError('model.invalid', 'No model.', 'Choose another.')
    expect(queueError(own, server)).toBe(own)
    expect(connectionFault(own)).toBeNull()
  })
})
