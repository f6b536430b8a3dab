import type { IncomingMessage } from 'node:http'
import { uploadHeaders, type CallReply, type UploadReply } from '../../shared/contract/framework/transport'
import { AppError } from '../../shared/errors'

/** What takes a file as it comes. */
export interface UploadTarget {
  /** @throws AppError */
  receive(file: {
    group: string
    name: string
    sizeBytes: number | null
    content: AsyncIterable<Uint8Array>
  }): Promise<UploadReply>
}

/** Streams the body of a request to a file; the reply says where it lies, or why it was not taken. */
export async function receiveUpload(
  request: IncomingMessage,
  target: UploadTarget | undefined
): Promise<CallReply> {
  try {
    if (target === undefined) throw notTaken()
    const value = await target.receive({
      group: headerOf(request, uploadHeaders.group),
      name: nameOf(request),
      sizeBytes: lengthOf(request),
      content: request as AsyncIterable<Uint8Array>
    })
    return { ok: true, value }
  } catch (reason) {
    // What is still on its way is read and dropped: a browser that cannot send its whole body sees no reply.
    request.resume()
    return { ok: false, error: AppError.from(reason).toJSON() }
  }
}

const headerOf = (request: IncomingMessage, name: string): string => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}

function nameOf(request: IncomingMessage): string {
  try {
    return decodeURIComponent(headerOf(request, uploadHeaders.name))
  } catch {
    return ''
  }
}

function lengthOf(request: IncomingMessage): number | null {
  const length = Number(request.headers['content-length'])
  return Number.isSafeInteger(length) && length >= 0 ? length : null
}

const notTaken = (): AppError =>
  new AppError('input.unsupported', 'This host takes no files.', 'Type a path on its machine instead.')
