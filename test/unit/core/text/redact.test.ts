import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { redact } from '@core/text/redact'

const secrets = {
  folders: ['/home/anna', '/home/anna/.local/share/bitbench', 'C:\\Users\\Anna'],
  names: ['anna', 'lab-pc7'],
  tokens: ['s3cret-Token_of-this-run']
}
const clean = (text: string): string => redact(text, secrets)

describe('a text for a public report', () => {
  it.each([
    ['There is no file /home/anna/nets/a b.onnx.', /anna|nets/],
    ['"/home/anna/my nets/x.onnx" cannot be read', /anna|my nets|x\.onnx/],
    ['There is no file /mnt/my secret nets/x.onnx.', /secret|nets|x\.onnx/],
    ['at load (file:///opt/bitbench/out/main/index.js:10:3)', /opt|index\.js/],
    ['C:\\Users\\Anna\\x.onnx failed', /Anna|x\.onnx/i],
    ['D:\\work\\secret.bit is no file', /work|secret/],
    ['~/private/x is gone', /private/],
    ['\\\\server\\share\\x', /server|share/],
    ['GET http://127.0.0.1:40/#token=abcdefgh12345678', /abcdefgh/],
    ['authorization: Bearer abc.def-ghi_123456789', /abc\.def/],
    ['protocol bitbench.QWERTYUIOPASDFGHJKL', /QWERTY/],
    ['bare s3cret-Token_of-this-run here', /s3cret/],
    ['code 0123456789abcdef0123456789abcdef00', /0123456789abcdef/],
    ['user Anna on LAB-PC7 said', /anna|lab-pc7/i],
    ['https://anna:pw@host/x', /anna|pw@|host\//],
    ['redis://:guess%2Fed@lab:6379 does not reply', /guess|lab/],
    ['tcp://bench-3:3333 is in use', /bench-3|3333/],
    ['http://127.0.0.1:80/open/ab-cdEF_gh', /open|cdEF/],
    ['token=abc%20def1234567890', /def123/],
    ['{"password": "hunter2"} api_key=k3y9 secret: hush', /hunter2|k3y9|hush/],
    ['ghp_short123 hf_AbCdEf123 AKIAIOSFODNN7EXAMPLE', /short|AbCd|AKIA/],
    ['ssh otto@gpu1: denied', /otto|gpu1/],
    ['gpu1.corp.example.com, annas-mac.local', /gpu1|corp|annas/],
    ['192.168.1.17, fe80::1ff:fe23:4567:890a, 02:42:ac:11:00:02', /192|fe80|890a|02:42/],
    ['open nets/secret.onnx, ../hidden/x, ./private.csv', /secret|hidden|private/],
    ['open /mnt/x y z/net.onnx', /mnt|net/],
    ['C:\\Program Files\\secret net.onnx', /Program|secret|net/],
    ['%2Fhome%2Fanna%2Fx.onnx', /home|anna|onnx/]
  ])('%s', (text, secret) => expect(clean(text)).not.toMatch(secret))

  it('keeps what helps: words, numbers, codes, versions, ratios', () => {
    const text = 'gpu.samplerDied: 12/16 samples, v1.2.3, linux x64, exit 139, annanas and and/or, 3.5 MB/s'
    expect(clean(text)).toBe(text)
  })

  it.each([
    'chrome 140.0.7339.16, driver 550.54.15, 12:34:56, 2026-11-30T22:10:51.000Z',
    'http://127.0.0.1:4040/ and http://[::1]:80/ serve virtual:small; std::vector, w8a8/w4a4'
  ])('keeps versions, times and addresses of the loopback: %s', (text) => expect(clean(text)).toBe(text))

  it('finds a name whose letters come with their accents apart', () => {
    expect(redact('by Mu\u0308ller', { folders: [], names: ['müller'], tokens: [] })).toBe('by <name>')
  })

  it('comes to the end of a long line, whatever it repeats', () => {
    for (const part of ['a', 'a.', 'a:', 'a@', '/', 'a/', '%2F', '../', '<path> ', '"/']) {
      expect(clean(`${part.repeat(50_000)} by anna`)).not.toContain('anna')
    }
  })

  it('no secret gets through in any surrounding', () => {
    const random = createRandom(11)
    const around = [' ', '"', "'", '(', ')', ':', '=', ',', '\n', '[', ']', '`', '<', '>', ';']
    const pick = (): string => around[Math.floor(random.next() * around.length)]!
    for (let at = 0; at < 300; at++) {
      for (const secret of [...secrets.folders, ...secrets.names, ...secrets.tokens]) {
        const text = `x${pick()}${secret}${pick()}y`
        expect(clean(text).toLowerCase(), text).not.toContain(secret.toLowerCase())
      }
    }
  })
})
