/** A memory-mapped device. Offsets are from its base; values are unsigned, of the access's width. */
export interface Device {
  read(offset: number, sizeBytes: number): number
  write(offset: number, value: number, sizeBytes: number): void
}

interface Mapping {
  base: number
  sizeBytes: number
  device: Device
}

/** Routes loads and stores outside RAM. Addresses are absolute and unsigned. */
export class Bus {
  private readonly mappings: Mapping[] = []

  map(base: number, sizeBytes: number, device: Device): void {
    this.mappings.push({ base, sizeBytes, device })
  }

  /** The value read, or null when no device is there. */
  read(address: number, sizeBytes: number): number | null {
    const mapping = this.find(address, sizeBytes)
    return mapping === null ? null : mapping.device.read(address - mapping.base, sizeBytes)
  }

  /** False when no device is there. */
  write(address: number, value: number, sizeBytes: number): boolean {
    const mapping = this.find(address, sizeBytes)
    if (mapping === null) return false
    mapping.device.write(address - mapping.base, value, sizeBytes)
    return true
  }

  private find(address: number, sizeBytes: number): Mapping | null {
    for (const mapping of this.mappings) {
      if (address >= mapping.base && address + sizeBytes <= mapping.base + mapping.sizeBytes) return mapping
    }
    return null
  }
}
