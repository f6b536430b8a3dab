import { AppError } from '@shared/errors'
import type { ReceivedListener } from './client'

/**
 * Reads a reply piece by piece, with its progress, and parses it.
 *
 * @throws AppError host.disconnected when the line breaks in the middle
 */
export async function receiveJson(response: Response, onReceived: ReceivedListener): Promise<unknown> {
  const length = Number(response.headers.get('content-length') ?? NaN)
  const total = Number.isFinite(length) ? length : null
  const decoder = new TextDecoder()
  let text = ''
  let received = 0
  const reader = response.body?.getReader()
  if (reader === undefined) return response.json()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      received += value.length
      text += decoder.decode(value, { stream: true })
      onReceived(received, total)
    }
    return JSON.parse(text + decoder.decode()) as unknown
  } catch (cause) {
    throw new AppError(
      'host.disconnected',
      'The reply of the Bitbench host broke off.',
      'Check that `bitbench serve` still runs and that the ssh tunnel is up, then try again.',
      { cause }
    )
  }
}
