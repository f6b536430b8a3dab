/** What nvidia-smi means when it prints no table. */
export type SmiTrouble = {
  kind: 'noDriver' | 'noGpu' | 'gpuLost' | 'noPermission' | 'failed'
  message: string
  hint: string
}

/**
 * Reads an unsuccessful end of nvidia-smi. Exit codes are those of its manual page (section RETURN VALUE): 2 invalid
 * argument, 3 not supported, 4 no permission, 6 no device found, 9 driver not loaded, 12 library not found, 14 corrupt
 * infoROM, 15 GPU off the bus, 255 other.
 */
export function explainSmi(exitCode: number | null, output: string): SmiTrouble {
  const said = firstLine(output)
  const quoted = said === '' ? '' : ` nvidia-smi says: "${said}"`
  if (/Driver\/library version mismatch/i.test(output)) {
    return {
      kind: 'noDriver',
      message: `The NVIDIA driver in the kernel and its library differ in version.${quoted}`,
      hint: 'The driver was updated while it was loaded: restart the machine, or reload the nvidia kernel modules.'
    }
  }
  if (exitCode === 9 || exitCode === 12 || /couldn't communicate with the NVIDIA driver/i.test(output)) {
    return {
      kind: 'noDriver',
      message: `nvidia-smi cannot reach the NVIDIA driver.${quoted}`,
      hint: 'Install the driver for this GPU and restart; in a container, start it with GPU access (--gpus all).'
    }
  }
  if (exitCode === 6 || /No devices were found/i.test(output)) {
    return {
      kind: 'noGpu',
      message: `The NVIDIA driver runs but finds no GPU.${quoted}`,
      hint: 'Check that the card is seated and powered (lspci | grep -i nvidia), or that this container was given one.'
    }
  }
  if (exitCode === 15 || /GPU is lost|fallen off the bus/i.test(output)) {
    return {
      kind: 'gpuLost',
      message: `A GPU fell off the bus.${quoted}`,
      hint: 'Restart the machine; if it happens again, check the power supply and the temperature.'
    }
  }
  if (exitCode === 4 || /Insufficient Permissions/i.test(output)) {
    return {
      kind: 'noPermission',
      message: `nvidia-smi lacks the permission to read the GPU.${quoted}`,
      hint: 'Check the rights of /dev/nvidia* (group video or render on many systems).'
    }
  }
  const ended = exitCode === null ? 'was ended by a signal' : `ended with code ${exitCode}`
  return {
    kind: 'failed',
    message: `nvidia-smi ${ended}.${quoted}`,
    hint: 'Run nvidia-smi in a terminal to see its message in full.'
  }
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/).find((candidate) => candidate.trim() !== '') ?? ''
  return line.trim().slice(0, 300)
}
