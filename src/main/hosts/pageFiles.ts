import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

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

/** Scripts and styles of our own files alone: no eval, no inline script, no inline style. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
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

/** Serves a file of the built renderer, compressed where the browser takes it. */
export async function servePage(
  folder: string,
  urlPath: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const found = await findPage(folder, urlPath)
  if (found === null) {
    response.writeHead(404, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' })
    response.end('There is no such page. Open the address that `bitbench serve` printed.')
    return
  }
  const { file } = found
  const extension = path.extname(file)
  const headers = {
    ...securityHeaders,
    'content-type': contentTypes[extension] ?? 'application/octet-stream',
    // Hashed file names never change; the page that names them always may.
    'cache-control': extension === '.html' ? 'no-store' : 'public, max-age=31536000, immutable',
    vary: 'accept-encoding'
  }
  const packed = acceptsGzip(request) ? await compressed(file, found.size, found.mtimeMs) : null
  if (packed !== null) {
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip', 'content-length': packed.length })
    response.end(request.method === 'HEAD' ? undefined : packed)
    return
  }
  response.writeHead(200, { ...headers, 'content-length': found.size })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // pipeline closes the file when the client leaves in the middle; pipe would keep its descriptor open.
  await pipeline(createReadStream(file), response).catch(() => response.destroy())
}

/** The same page as a web Response, for a protocol of Electron's: same headers, same refusals. */
export async function pageResponse(folder: string, urlPath: string): Promise<Response> {
  const found = await findPage(folder, urlPath)
  if (found === null) return new Response('There is no such page.', { status: 404, headers: securityHeaders })
  const type = contentTypes[path.extname(found.file)] ?? 'application/octet-stream'
  return new Response(new Uint8Array(await readFile(found.file)), {
    headers: { ...securityHeaders, 'content-type': type, 'cache-control': 'no-store' }
  })
}

/** The file of a page, or null when the path leaves the folder or names no file. */
async function findPage(
  folder: string,
  urlPath: string
): Promise<{ file: string; size: number; mtimeMs: number } | null> {
  const file = path.resolve(folder, urlPath === '/' ? 'index.html' : decodePath(urlPath))
  if (!file.startsWith(path.resolve(folder) + path.sep)) return null
  const found = await stat(file).catch(() => null)
  return found?.isFile() === true ? { file, size: found.size, mtimeMs: found.mtimeMs } : null
}

const gzipAsync = promisify(gzip)
/** File types that shrink when compressed; anything smaller than a packet is sent as it is. */
const compressibleTypes = new Set(['.html', '.js', '.css', '.svg', '.json', '.map'])
const minCompressedBytes = 1400
/** Compressed page files by path, kept because a page has a few dozen of them; a rebuilt file has another time. */
const compressedFiles = new Map<string, { mtimeMs: number; content: Promise<Buffer> }>()

const acceptsGzip = (request: IncomingMessage): boolean =>
  /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))

/** The file's content in gzip form, or null when it is not worth compressing. */
async function compressed(file: string, sizeBytes: number, mtimeMs: number): Promise<Buffer | null> {
  if (sizeBytes < minCompressedBytes || !compressibleTypes.has(path.extname(file))) return null
  const kept = compressedFiles.get(file)
  if (kept?.mtimeMs === mtimeMs) return await kept.content
  const content = readFile(file).then((bytes) => gzipAsync(bytes))
  compressedFiles.set(file, { mtimeMs, content })
  content.catch(() => compressedFiles.delete(file))
  return await content
}

function decodePath(urlPath: string): string {
  try {
    return decodeURIComponent(urlPath).replace(/^\/+/, '')
  } catch {
    return ''
  }
}
