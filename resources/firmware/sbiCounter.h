/* A counter of cycles from the SBI's PMU extension (RISC-V Supervisor Binary Interface Specification 1.0, chapter 11). */
#ifndef SBI_COUNTER_H
#define SBI_COUNTER_H

#include <stdint.h>

enum { SBI_COUNTER_NONE = 0, SBI_COUNTER_CYCLE = 1, SBI_COUNTER_OTHER = 2 };

/* Requests a counter: whether there is one, and whether it is the one that rdcycle reads. For guard_call. */
uintptr_t sbi_counter_start(uintptr_t unused);
/* Count of a counter that rdcycle does not read, from the CSR that the SBI named. */
uint64_t sbi_counter_read(void);

#endif
