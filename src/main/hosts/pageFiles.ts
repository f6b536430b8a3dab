import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'

/** Serves the built renderer with the headers that keep a page of ours a page of ours. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json'
}

/** naive-ui writes its component styles into <style> elements, hence 'unsafe-inline' for styles only. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin'
}

export async function servePage(
  folder: string,
  urlPath: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const wanted = urlPath === '/' ? 'index.html' : decodePath(urlPath)
  const file = path.resolve(folder, wanted)
  const isInside = file.startsWith(path.resolve(folder) + path.sep)
  const found = isInside ? await stat(file).catch(() => null) : null
  if (found === null || !found.isFile()) {
    response.writeHead(404, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' })
    response.end('There is no such page. Open the address that `bitbench serve` printed.')
    return
  }
  const extension = path.extname(file)
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': contentTypes[extension] ?? 'application/octet-stream',
    'content-length': found.size,
    // Hashed file names never change; the page that names them always may.
    'cache-control': extension === '.html' ? 'no-store' : 'public, max-age=31536000, immutable'
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response)
}

function decodePath(urlPath: string): string {
  try {
    return decodeURIComponent(urlPath).replace(/^\/+/, '')
  } catch {
    return ''
  }
}
