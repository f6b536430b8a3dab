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
    ['https://anna:pw@host/x', /anna|pw@/]
  ])('%s', (text, secret) => expect(clean(text)).not.toMatch(secret))

  it('keeps what helps: words, numbers, codes, versions, ratios', () => {
    const text = 'gpu.samplerDied: 12/16 samples, v1.2.3, linux x64, exit 139, annanas and and/or, 3.5 MB/s'
    expect(clean(text)).toBe(text)
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
