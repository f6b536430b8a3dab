import type { Device } from './bus'

/** RAM beside the flash that a core executes from: read and written like a device, at any alignment. */
export class Sram implements Device {
  readonly bytes: Uint8Array

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes)
  }

  read(offset: number, sizeBytes: number): number {
    const { bytes } = this
    if (sizeBytes === 1) return bytes[offset]
    const low = bytes[offset] | (bytes[offset + 1] << 8)
    return sizeBytes === 2 ? low : (low | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
  }

  write(offset: number, value: number, sizeBytes: number): void {
    const { bytes } = this
    for (let byte = 0; byte < sizeBytes; byte++) bytes[offset + byte] = value >>> (8 * byte)
  }
}
