import { formatHex } from '../../../shared/units'

/** Everything around the network: two platforms, start-up code, linker scripts and the Makefile. */

export const platformHeader = `/* What main.c and mlperf.c need of the machine. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdint.h>

void platform_put(char character);
/* Cycles since some moment; only differences mean anything. */
uint64_t platform_cycles(void);
/* The next character from the console, or -1 at its end; waits for it. */
int platform_get(void);
/* Microseconds since some moment. */
uint64_t platform_microseconds(void);

#ifdef __riscv
#define PLATFORM_COUNTS_CYCLES 1
#else
#define PLATFORM_COUNTS_CYCLES 0
#endif

#endif
`

export const platformHost = `/* This computer. */
#define _POSIX_C_SOURCE 200809L
#include "platform.h"

#include <stdio.h>
#include <time.h>

void platform_put(char character) { putchar(character); }
uint64_t platform_cycles(void) { return 0; }

int platform_get(void)
{
    fflush(stdout);
    return getchar();
}

uint64_t platform_microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
`

export const platformRv32 = `/* A bare board: NS16550A at 0x10000000 (QEMU's virt machine, Bitbench's virtual board), cycles from mcycle. */
#include "platform.h"

#define UART ((volatile uint8_t *)0x10000000u)

/* Cycles per second; the Makefile sets it. */
#ifndef CLOCK_HZ
#define CLOCK_HZ 100000000
#endif

void platform_put(char character)
{
    while (!(UART[5] & 0x20)) {}
    UART[0] = (uint8_t)character;
}

int platform_get(void)
{
    while (!(UART[5] & 0x01)) {}
    return UART[0];
}

uint64_t platform_cycles(void)
{
    uint32_t high, low, again;
    do {
        __asm__ volatile("csrr %0, mcycleh\\n\\tcsrr %1, mcycle\\n\\tcsrr %2, mcycleh" : "=r"(high), "=r"(low), "=r"(again)::"memory");
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

uint64_t platform_microseconds(void)
{
    uint64_t cycles = platform_cycles();
    return cycles / CLOCK_HZ * 1000000 + cycles % CLOCK_HZ * 1000000 / CLOCK_HZ;
}
`

export const startRv32 = `# Reset: stack, zeroed data, main, then power off (QEMU's and the virtual board's test finisher; other boards wait here).
  .section .text.entry, "ax"
  .globl _start
_start:
  la sp, _stack_top
  la t0, _bss_start
  la t1, _bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  call main
  li t0, 0x100000
  li t1, 0x5555
  beqz a0, 3f
  li t1, 0x13333               # fail, exit code 1
3:
  sw t1, 0(t0)
4:
  wfi
  j 4b
`

/** One script for both programs: they differ in their address and in who gives them a stack. */
export const linkerScript = `OUTPUT_ARCH(riscv)
PROVIDE(LOAD_ADDRESS = 0x80000000);
PROVIDE(STACK_BYTES = 0);

PHDRS
{
  code PT_LOAD FLAGS(5);
  data PT_LOAD FLAGS(6);
}

SECTIONS
{
  . = LOAD_ADDRESS;
  .text : {
    KEEP(*(.text.entry))
    *(.text .text.*)
    . = ALIGN(16);
    *(.rodata .rodata.* .srodata .srodata.*)
    . = ALIGN(16);
  } :code
  .data : { *(.data .data.* .sdata .sdata.*) . = ALIGN(16); } :data
  .bss (NOLOAD) : ALIGN(16) {
    _bss_start = .;
    *(.sbss .sbss.* .bss .bss.* COMMON)
    . = ALIGN(16);
    _bss_end = .;
    . += STACK_BYTES;
    _stack_top = .;
  } :data
  /DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame*) *(.riscv.attributes) }
}
`

/**
 * `kernelFiles` are .c files below kernels/; `loadAddress` is where the monitor's `call` finds the program; `clockHz` the
 * board's clock, from which cycles become microseconds.
 */
export function makefile(kernelFiles: readonly string[], loadAddress: number, clockHz = 100_000_000): string {
  return `# make           host program, and the RISC-V programs where that compiler is found
# make run       runs the host program: it checks itself
# make run-qemu  runs network.elf on QEMU's virt machine
# network.elf    bare board: RAM at 0x80000000, NS16550A at 0x10000000
# callable.elf   loaded above the Bitbench monitor and called by it
# make mlperf    the network behind MLPerf Tiny's serial protocol on stdin and stdout; mlperf.elf on the UART

CC ?= cc
RISCV_CC ?= riscv64-unknown-elf-gcc
QEMU ?= qemu-system-riscv32
LOAD_ADDRESS ?= ${formatHex(loadAddress)}
# Cycles per second of the board: mlperf.elf turns cycles into microseconds with it. QEMU with -icount shift=0: 1000000000.
CLOCK_HZ ?= ${clockHz}
# For mlperf: -DMLPERF_MODEL='"ic01"', -DMLPERF_BYTE_OFFSET=0 for signed bytes.
MLPERF_FLAGS ?=
# Runs on every core with RV32IM; a core with compressed instructions needs less memory with RISCV_ARCH=rv32imc.
RISCV_ARCH ?= rv32im

CFLAGS ?= -O2
WARNINGS = -std=c11 -Wall -Wextra
RISCV_FLAGS = --specs=picolibc.specs -march=$(RISCV_ARCH) -misa-spec=2.2 -mabi=ilp32 -mcmodel=medany -msmall-data-limit=0 \\
  -ffreestanding -ffunction-sections -fdata-sections
RISCV_LINK = -nostdlib -nostartfiles -Wl,--no-relax -Wl,--gc-sections -Wl,--build-id=none -T program.ld

KERNELS = ${kernelFiles.map((file) => `kernels/${file}`).join(' \\\n  ')}
NETWORK = network.c weights.c $(KERNELS)
HEADERS = $(wildcard *.h kernels/*.h kernels/*/*.h)

all: network $(if $(shell command -v $(RISCV_CC)),rv32)

rv32: network.elf callable.elf mlperf.elf

network: main.c images.c platform_host.c $(NETWORK) $(HEADERS)
	$(CC) $(CFLAGS) $(WARNINGS) -Ikernels -o $@ main.c images.c platform_host.c $(NETWORK)

network.elf: start.S main.c images.c platform_rv32.c memory.c program.ld $(NETWORK) $(HEADERS)
	$(RISCV_CC) $(RISCV_FLAGS) $(CFLAGS) $(WARNINGS) -Ikernels $(RISCV_LINK) -Wl,-e,_start -Wl,--defsym=STACK_BYTES=16384 \\
	  -fno-tree-loop-distribute-patterns -o $@ start.S main.c images.c platform_rv32.c memory.c $(NETWORK) -lgcc

callable.elf: callable.c memory.c program.ld $(NETWORK) $(HEADERS)
	$(RISCV_CC) $(RISCV_FLAGS) $(CFLAGS) $(WARNINGS) -Ikernels $(RISCV_LINK) -Wl,-e,network_call -Wl,--defsym=LOAD_ADDRESS=$(LOAD_ADDRESS) \\
	  -fno-tree-loop-distribute-patterns -o $@ callable.c memory.c $(NETWORK) -lgcc

mlperf: mlperf.c platform_host.c $(NETWORK) $(HEADERS)
	$(CC) $(CFLAGS) $(WARNINGS) $(MLPERF_FLAGS) -Ikernels -o $@ mlperf.c platform_host.c $(NETWORK)

mlperf.elf: start.S mlperf.c platform_rv32.c memory.c program.ld $(NETWORK) $(HEADERS)
	$(RISCV_CC) $(RISCV_FLAGS) $(CFLAGS) $(WARNINGS) $(MLPERF_FLAGS) -DCLOCK_HZ=$(CLOCK_HZ) -Ikernels $(RISCV_LINK) -Wl,-e,_start \\
	  -Wl,--defsym=STACK_BYTES=16384 -fno-tree-loop-distribute-patterns -o $@ start.S mlperf.c platform_rv32.c memory.c $(NETWORK) -lgcc

run: network
	./network

run-qemu: network.elf
	$(QEMU) -M virt -bios none -nographic -icount shift=0 -kernel network.elf

clean:
	rm -f network network.elf callable.elf mlperf mlperf.elf

.PHONY: all rv32 run run-qemu clean
`
}
