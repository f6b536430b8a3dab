/*
 * The two lines of ESP32-C3 and ESP32-C6 (technical reference manuals, chapters "UART Controller" and "USB Serial/JTAG Controller"),
 * as the ROM's loader leaves them: a UART with FIFOs of 128 bytes, or the peripheral USB-Serial-JTAG with packets of 64 bytes.
 */
#ifndef UART_ESP_H
#define UART_ESP_H

#include "describedBoard.h"

enum { ESP_FIFO = 0x00, ESP_INTERRUPTS = 0x0C, ESP_STATUS = 0x1C };
enum { ESP_RECEIVED_SHIFT = 0, ESP_WAITING_SHIFT = 16, ESP_COUNT = 0x3FF, ESP_FIFO_BYTES = 120 };
enum { USB_DATA = 0x00, USB_CONTROL = 0x04, USB_INTERRUPTS = 0x10 };
enum { USB_FLUSH = 1, USB_CAN_WRITE = 2, USB_RECEIVED = 4 };

/* A packet that is not full goes when nothing was written for this many looks at the line. */
#define USB_IDLE_LOOKS 32u
static uint32_t usb_looks;

static inline int port_is_usb(void) { return described_board.uart_kind == UART_ESP_USB; }

static inline volatile uint32_t *esp_word(uint32_t offset)
{
    return (volatile uint32_t *)((uintptr_t)described_board.uart_base + offset);
}

/* Speed and format stay as the ROM left them. */
static inline void port_start(void) { *esp_word(port_is_usb() ? USB_INTERRUPTS : ESP_INTERRUPTS) = 0; }

static inline void port_raise_interrupts(void) {}

/* 1 and the next received byte, or 0. */
static inline int port_take(uint8_t *byte)
{
    if (port_is_usb()) {
        if (usb_looks > 0 && --usb_looks == 0) *esp_word(USB_CONTROL) = USB_FLUSH;
        if (!(*esp_word(USB_CONTROL) & USB_RECEIVED)) return 0;
        *byte = (uint8_t)*esp_word(USB_DATA);
        return 1;
    }
    if ((*esp_word(ESP_STATUS) >> ESP_RECEIVED_SHIFT & ESP_COUNT) == 0) return 0;
    *byte = (uint8_t)*esp_word(ESP_FIFO);
    return 1;
}

static inline int port_ready(void)
{
    if (port_is_usb()) return (int)(*esp_word(USB_CONTROL) & USB_CAN_WRITE);
    return (*esp_word(ESP_STATUS) >> ESP_WAITING_SHIFT & ESP_COUNT) < ESP_FIFO_BYTES;
}

static inline void port_send(uint8_t byte)
{
    *esp_word(port_is_usb() ? USB_DATA : ESP_FIFO) = byte;
    usb_looks = USB_IDLE_LOOKS;
}

static inline int port_drained(void)
{
    if (port_is_usb()) return usb_looks == 0 && (*esp_word(USB_CONTROL) & USB_CAN_WRITE);
    return (*esp_word(ESP_STATUS) >> ESP_WAITING_SHIFT & ESP_COUNT) == 0;
}

#endif
