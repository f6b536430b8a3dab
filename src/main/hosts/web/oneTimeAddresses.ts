import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { refuse } from './jsonReply'
import { isSameSecret } from './requestChecks'

/** How long a one-time address may wait for the browser to start. */
const oneTimeMs = 30_000
/** Begin of the path of a one-time address; its code follows. */
export const oneTimePath = '/open/'

/** Addresses that lead to the page with its token, each once. */
export interface OneTimeAddresses {
  /** A new path, valid for half a minute. */
  issue(): string
  /** Redirects to the page when the path is known, and forgets it; refuses otherwise. */
  redirect(pathname: string, response: ServerResponse): void
}

/** Returns the one-time addresses of a host; none is known at first. */
export function createOneTimeAddresses(token: string): OneTimeAddresses {
  const codes = new Set<string>()
  return {
    issue() {
      const code = randomBytes(24).toString('base64url')
      codes.add(code)
      setTimeout(() => codes.delete(code), oneTimeMs).unref()
      return oneTimePath + code
    },
    redirect(pathname, response) {
      const code = pathname.slice(oneTimePath.length)
      const known = [...codes].find((candidate) => isSameSecret(candidate, code))
      if (known === undefined) {
        refuse(response, 401, 'This address was used already, or is too old.')
        return
      }
      codes.delete(known)
      response.writeHead(303, {
        location: `/#token=${token}`,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer'
      })
      response.end()
    }
  }
}
