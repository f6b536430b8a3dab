import type { ServerResponse } from 'node:http'
import type { CallReply } from '../../../shared/contract/framework/transport'
import { AppError } from '../../../shared/errors'

/** Sends a result of a command, with status 200. */
export const sendReply = (response: ServerResponse, reply: CallReply): void => send(response, 200, reply)

/** Sends an error with an HTTP status. */
export const sendFailure = (response: ServerResponse, status: number, error: AppError): void =>
  send(response, status, { ok: false, error: error.toJSON() })

/** Sends an error that says why this request is not served. */
export const refuse = (response: ServerResponse, status: number, message: string): void =>
  sendFailure(
    response,
    status,
    new AppError(
      'host.unauthorised',
      message,
      'Open the address that `bitbench serve` printed, with its token.'
    )
  )

function send(response: ServerResponse, status: number, reply: CallReply): void {
  const body = Buffer.from(JSON.stringify(reply))
  // With its length a browser knows how much of a large reply is still to come.
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store'
  })
  response.end(body)
}
