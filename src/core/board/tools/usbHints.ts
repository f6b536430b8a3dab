/** What to do when a USB cable is there but may not be used. */
export const usbPermissionHint =
  'Install the udev rules that come with the tool (Debian: they lie in /lib/udev/rules.d), or add one for the cable: ' +
  'SUBSYSTEM=="usb", ATTR{idVendor}=="<id>", MODE="0666"; then sudo udevadm control --reload and plug the cable in again.'

/** What to do when no cable or board is found on USB. */
export const noCableHint =
  'Plug in and power the board, check that its USB cable carries data, and choose its own name or cable; lsusb lists what the system sees.'
