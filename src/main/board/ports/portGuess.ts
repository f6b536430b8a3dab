/**
 * What a USB serial port probably is, from its ids (usb.org vendor list, the makers' data sheets). A guess for a
 * person choosing a port, never a decision.
 */
interface Guess {
  vendorId: string
  /** Absent: every product of the vendor. */
  productId?: string
  text: string
}

const guesses: readonly Guess[] = [
  {
    vendorId: '0403',
    productId: '6010',
    text: 'FTDI FT2232: two ports, JTAG and UART of many FPGA boards (take the second)'
  },
  { vendorId: '0403', productId: '6011', text: 'FTDI FT4232: four ports, JTAG and UARTs of an FPGA board' },
  { vendorId: '0403', productId: '6014', text: 'FTDI FT232H: JTAG adapter or fast UART' },
  { vendorId: '0403', productId: '6015', text: 'FTDI FT231X: UART of boards such as the ULX3S' },
  { vendorId: '0403', productId: '6001', text: 'FTDI FT232R: plain USB-serial adapter' },
  { vendorId: '0403', text: 'FTDI USB-serial bridge' },
  { vendorId: '10c4', productId: 'ea70', text: 'Silicon Labs CP2105: two UARTs of a development board' },
  { vendorId: '10c4', text: 'Silicon Labs CP210x: UART of a development board' },
  { vendorId: '1a86', text: 'WCH USB-serial bridge: UART of a low-cost development board' },
  { vendorId: '067b', text: 'Prolific PL2303: plain USB-serial adapter' },
  { vendorId: '1366', text: 'SEGGER J-Link with virtual serial port (SiFive HiFive boards)' },
  { vendorId: '0483', productId: '374b', text: 'ST-LINK virtual serial port' },
  { vendorId: '0483', text: 'STMicroelectronics virtual serial port' },
  { vendorId: '28e9', text: 'GigaDevice: GD32V board' },
  { vendorId: '303a', text: 'Espressif: ESP32-C/H/P RISC-V or ESP32-S board' },
  { vendorId: '2e8a', text: 'Raspberry Pi Pico family or its debug probe' },
  { vendorId: '1209', productId: '5bf0', text: 'OrangeCrab FPGA board' },
  { vendorId: '1209', text: 'Open-source hardware (pid.codes)' },
  { vendorId: '1d50', text: 'Open-source hardware (OpenMoko ids)' },
  { vendorId: '2341', text: 'Arduino board' },
  { vendorId: '0d28', text: 'Arm DAPLink debug probe with serial port' },
  { vendorId: '33aa', text: 'Gowin or Sipeed FPGA board' },
  { vendorId: '359f', text: 'Sipeed debugger (Tang FPGA boards)' }
]

/** Returns the board that a USB device is likely to be; null when unknown. */
export function guessBoard(
  vendorId: string | null,
  productId: string | null,
  product: string | null
): string | null {
  if (product !== null && /litex/i.test(product)) return 'LiteX SoC'
  if (vendorId === null) return null
  const found = guesses.find(
    (guess) => guess.vendorId === vendorId && (guess.productId === undefined || guess.productId === productId)
  )
  return found?.text ?? null
}
