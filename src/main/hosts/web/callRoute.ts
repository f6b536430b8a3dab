import type { IncomingMessage, ServerResponse } from 'node:http'
import { callRequestSchema } from '../../../shared/contract/framework/transport'
import { AppError } from '../../../shared/errors'
import type { Dispatch } from '../dispatcher'
import { sendFailure, sendReply } from './jsonReply'

/** Largest accepted request body: an ONNX model or a CSV of a million rows, base64 or text in JSON. */
const bodyLimitBytes = 256 * 1024 * 1024

/**
 * Runs the command that a request holds; it is aborted when the client goes. An error of the domain is a result and no
 * fault of HTTP: its status is 200.
 */
export async function serveCall(
  request: IncomingMessage,
  response: ServerResponse,
  dispatch: Dispatch
): Promise<void> {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableEnded) controller.abort()
  })
  const parsed = callRequestSchema.safeParse(parseJson(await readBody(request)))
  if (!parsed.success) {
    const error = new AppError(
      'input.invalid',
      'The request is not a command with input.',
      'Send {"name", "input"} as JSON.'
    )
    sendFailure(response, 400, error)
    return
  }
  const { name, input } = parsed.data
  sendReply(response, await dispatch(name, input, { signal: controller.signal }))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > bodyLimitBytes) {
      throw new AppError(
        'input.invalid',
        'The request is larger than 256 MiB.',
        'Use the command line for larger files.'
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
