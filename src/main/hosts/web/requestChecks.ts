import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Whether the Host header names the loopback interface: a name that an attacker's DNS leads here does not. */
function isOwnHost(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  return host === '127.0.0.1' || host === 'localhost' || host === '[::1]'
}

/** Absent Origin (curl, same-origin GET) passes; a present one must be this host as the client addressed it. */
function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin } = request.headers
  return origin === undefined || origin === `http://${request.headers.host ?? ''}`
}

/** Whether Host and Origin of a request are this very host. */
export const isOwnRequest = (request: IncomingMessage): boolean => isOwnHost(request) && isOwnOrigin(request)

/** The path of a request without its query. Never throws: a target such as `//` is no valid URL. */
export function pathOf(request: IncomingMessage): string {
  return /^[^?#]*/.exec(request.url ?? '/')?.[0] ?? '/'
}

/** The token of an `Authorization: Bearer` header; empty without one. */
export function bearerOf(request: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

/** Comparison in a time that does not depend on how much of the two texts is equal. */
export function isSameSecret(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
