/**
 * What Espressif's esptool 4.7.0 sent over a pty to `EspRomModel` on 30 November 2026, byte for byte, for an image of two segments
 * (`--chip esp32c3 --no-stub --before no_reset --after no_reset load_ram`): its SYNC and everything that loads and starts. Between
 * them it reads registers of fuses and flash, which a load into RAM does not need.
 */
export const esptoolExchange = {
  segments: [
    { address: 0x3fc8_0000, hex: 'c0dbdcdd01020304dbc0c005' },
    { address: 0x4039_0000, hex: '1011121314151617' }
  ],
  entry: 0x4039_0000,
  frames: [
    'c00008240000000000070712205555555555555555555555555555555555555555555555555555555555555555c0',
    'c000051000000000000c00000001000000001800000000c83fc0',
    'c000071c002f0000000c000000000000000000000000000000dbdcdbdddcdd01020304dbdddbdcdbdc05c0',
    'c0000510000000000008000000010000000018000000003940c0',
    'c000071800ef000000080000000000000000000000000000001011121314151617c0',
    'c000060800000000000000000000003940c0'
  ]
} as const
