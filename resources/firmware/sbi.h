/* Calls of the firmware below a monitor in supervisor mode (RISC-V Supervisor Binary Interface Specification 1.0). */
#ifndef SBI_H
#define SBI_H

#include <stdint.h>

enum { SBI_BASE = 0x10, SBI_PMU = 0x504D55 };

typedef struct {
    intptr_t error; /* 0 success */
    uintptr_t value;
} sbi_result;

static inline sbi_result sbi_call(uintptr_t extension, uintptr_t function, const uintptr_t arguments[5])
{
    register uintptr_t a0 __asm__("a0") = arguments[0];
    register uintptr_t a1 __asm__("a1") = arguments[1];
    register uintptr_t a2 __asm__("a2") = arguments[2];
    register uintptr_t a3 __asm__("a3") = arguments[3];
    register uintptr_t a4 __asm__("a4") = arguments[4];
    register uintptr_t a6 __asm__("a6") = function;
    register uintptr_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    return (sbi_result){ (intptr_t)a0, a1 };
}

#endif
