/** A chosen file as the contract takes it from a browser: its name and content in base64. */
export async function fileToBase64(file: File): Promise<{ name: string; base64: string }> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let binary = ''
  // String.fromCharCode takes its bytes as arguments; more than this many overflow the stack.
  const step = 0x8000
  for (let at = 0; at < bytes.length; at += step)
    binary += String.fromCharCode(...bytes.subarray(at, at + step))
  return { name: file.name, base64: btoa(binary) }
}

/** Hands text to the browser as a download. */
export function saveText(name: string, text: string): void {
  saveBlob(name, new Blob([text], { type: 'text/csv' }))
}

/** Hands bytes in base64 to the browser as a download. */
export function saveBase64(name: string, base64: string): void {
  saveBlob(name, new Blob([base64ToBytes(base64)], { type: 'application/octet-stream' }))
}

/** The bytes of a text in base64. @throws when it is none */
export function base64ToBytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}

/** Hands a file to the browser as a download. */
export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement('a')
  const url = URL.createObjectURL(blob)
  link.href = url
  link.download = name
  link.click()
  // At once, the download of a large file would lose its content.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Whether a file begins as ELF programs do (System V ABI, chapter 4: 0x7f "ELF"). */
export async function looksLikeElf(file: Blob): Promise<boolean> {
  const [first, ...letters] = new Uint8Array(await file.slice(0, 4).arrayBuffer())
  return first === 0x7f && String.fromCharCode(...letters) === 'ELF'
}
