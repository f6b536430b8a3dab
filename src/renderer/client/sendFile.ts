import { uploadHeaders, webPaths } from '@shared/contract/framework/transport'
import { AppError } from '@shared/errors'
import type { UploadOptions, UploadPlace } from './client'

/**
 * Streams a file to the web host and resolves with its envelope. XMLHttpRequest, because fetch reports no progress of
 * what it sends.
 * @throws AppError host.disconnected, job.cancelled
 */
export function sendFile(
  origin: string,
  token: string,
  file: File,
  { group, name }: UploadPlace,
  { onProgress, signal }: UploadOptions
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', origin + webPaths.upload)
    request.setRequestHeader('authorization', `Bearer ${token}`)
    request.setRequestHeader(uploadHeaders.group, group)
    request.setRequestHeader(uploadHeaders.name, encodeURIComponent(name))
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded }) => onProgress?.(loaded)
    request.onload = () => resolve(request.response)
    request.onerror = () => reject(lost(file.name))
    request.onabort = () => reject(cancelled(file.name))
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    if (signal?.aborted === true) reject(cancelled(file.name))
    else request.send(file)
  })
}

const lost = (name: string): AppError =>
  new AppError(
    'host.disconnected',
    `${name} could not be sent: the host does not reply.`,
    'Check that `bitbench serve` still runs, that its disk has room and that the file can be read.'
  )

const cancelled = (name: string): AppError =>
  new AppError('job.cancelled', `Sending ${name} was cancelled.`, 'Nothing of it is kept.')
