/**
 * Programs that run alike on QEMU's `virt` board and on the virtual board, compiled where a RISC-V gcc is found.
 * Each prints one line per measurement: "name result instructions".
 */

export const linkerScript = `
ENTRY(_start)
MEMORY { RAM (rwx) : ORIGIN = 0x80000000, LENGTH = 512K }
SECTIONS {
  .text : { *(.text.start) *(.text*) } > RAM
  .data : ALIGN(64) { *(.rodata*) *(.srodata*) *(.data*) *(.sdata*) } > RAM
  .bss : ALIGN(64) { *(.bss*) *(.sbss*) *(COMMON) } > RAM
}
`

export const startup = `
  .section .text.start
  .globl _start
_start:
  la sp, 0x80080000
  la t0, trap
  csrw mtvec, t0
  call main
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
1: j 1b
  .balign 4
trap:
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  mret

  # unsigned counted(int (*function)(int), int argument, int *result): instructions between the two reads
  .globl counted
counted:
  addi sp, sp, -16
  sw ra, 12(sp)
  sw s0, 8(sp)
  sw s1, 4(sp)
  mv s1, a2
  mv t0, a0
  mv a0, a1
  csrr s0, minstret
  jalr t0
  csrr t1, minstret
  sw a0, 0(s1)
  sub a0, t1, s0
  lw ra, 12(sp)
  lw s0, 8(sp)
  lw s1, 4(sp)
  addi sp, sp, 16
  ret
`

export const cProgram = `
typedef unsigned u32; typedef signed char s8; typedef unsigned char u8; typedef unsigned long long u64; typedef long long s64;
extern u32 counted(int (*function)(int), int argument, int *result);
static void put(char c) { volatile u8 *uart = (u8 *)0x10000000; while (!(uart[5] & 0x20)) {} *uart = c; }
static void text(const char *s) { while (*s) put(*s++); }
static void hex(u32 v) { for (int i = 28; i >= 0; i -= 4) put("0123456789abcdef"[(v >> i) & 15]); }

static u32 state;
static u32 next(void) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state; }

static int add_loop(int n) { int s = 0; for (int i = 0; i < n; i++) s += i ^ (s >> 3); return s; }

static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static s8 A[32 * 32], B[32 * 32]; static int C[32 * 32];
static int matmul(int n) {
  state = 1;
  for (int i = 0; i < n * n; i++) { A[i] = next(); B[i] = next(); }
  for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) {
    int s = 0;
    for (int k = 0; k < n; k++) s += A[i * n + k] * B[j * n + k];
    C[i * n + j] = s;
  }
  u32 h = 0; for (int i = 0; i < n * n; i++) h = h * 31 + C[i];
  return h;
}

static int arithmetic(int n) {
  state = 7; u32 h = 0;
  for (int i = 0; i < n; i++) {
    u32 a = next(), b = next(); if ((i & 7) == 0) b = 0; if ((i & 15) == 1) { a = 0x80000000; b = -1; }
    u32 q, r, uq, ur;
    __asm__("div %0, %1, %2" : "=r"(q) : "r"(a), "r"(b)); __asm__("rem %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    __asm__("divu %0, %1, %2" : "=r"(uq) : "r"(a), "r"(b)); __asm__("remu %0, %1, %2" : "=r"(ur) : "r"(a), "r"(b));
    h = h * 31 + q; h = h * 31 + r; h = h * 31 + uq; h = h * 31 + ur;
    __asm__("mulh %0, %1, %2" : "=r"(q) : "r"(a), "r"(b)); __asm__("mulhsu %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    __asm__("mulhu %0, %1, %2" : "=r"(uq) : "r"(a), "r"(b));
    h = h * 31 + q; h = h * 31 + r; h = h * 31 + uq;
    h += (u32)(((u64)a * b) >> 16) ^ (u32)((s64)(int)a >> (b & 31));
  }
  return h;
}

static int atomics(int n) {
  static int cell; cell = 12345; state = 3; u32 h = 0, old;
  for (int i = 0; i < n; i++) {
    int v = next();
    __asm__ volatile("amoadd.w %0, %1, (%2)" : "=r"(old) : "r"(v), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amoxor.w %0, %1, (%2)" : "=r"(old) : "r"(v >> 1), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amomax.w %0, %1, (%2)" : "=r"(old) : "r"(v >> 2), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amominu.w %0, %1, (%2)" : "=r"(old) : "r"(v), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amomin.w %0, %1, (%2)" : "=r"(old) : "r"(v), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amomaxu.w %0, %1, (%2)" : "=r"(old) : "r"(v >> 3), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amoand.w %0, %1, (%2)" : "=r"(old) : "r"(v | 0xff00ff), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amoor.w %0, %1, (%2)" : "=r"(old) : "r"(v & 0xff00ff), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("amoswap.w %0, %1, (%2)" : "=r"(old) : "r"(h), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("lr.w %0, (%1)" : "=r"(old) : "r"(&cell) : "memory");
    __asm__ volatile("sc.w %0, %1, (%2)" : "=r"(old) : "r"(v), "r"(&cell) : "memory"); h = h * 31 + old;
    __asm__ volatile("sc.w %0, %1, (%2)" : "=r"(old) : "r"(h), "r"(&cell) : "memory"); h = h * 31 + old + cell;
  }
  return h;
}

static int misaligned(int n) {
  static u8 buffer[256]; state = 5; u32 h = 0;
  for (int i = 0; i < n; i++) {
    u32 at = next() % 250; u32 v = next(), w; int s;
    __asm__ volatile("sw %0, 0(%1)" :: "r"(v), "r"(buffer + at) : "memory");
    __asm__ volatile("sh %0, 1(%1)" :: "r"(v), "r"(buffer + at) : "memory");
    __asm__ volatile("lw %0, 1(%1)" : "=r"(w) : "r"(buffer + at) : "memory"); h = h * 31 + w;
    __asm__ volatile("lh %0, 1(%1)" : "=r"(s) : "r"(buffer + at) : "memory"); h = h * 31 + s;
    __asm__ volatile("lhu %0, 3(%1)" : "=r"(w) : "r"(buffer + at) : "memory"); h = h * 31 + w;
  }
  return h;
}

static int selfmodify(int n) {
  /* addi a0, a0, K; ret -- K is rewritten before each call */
  static u32 codeWords[2]; u32 h = 0;
  for (int i = 0; i < n; i++) {
    codeWords[0] = 0x00050513 | ((i & 0x7ff) << 20); codeWords[1] = 0x00008067;
    __asm__ volatile("fence.i" ::: "memory");
    h = h * 31 + ((int (*)(int))codeWords)(i);
  }
  return h;
}

static int traps(int n) {
  u32 h = 0, cause, value;
  for (int i = 0; i < n; i++) {
    __asm__ volatile(".option push\\n.option norvc\\necall\\n.option pop" ::: "t0", "memory");
    __asm__ volatile("csrr %0, mcause" : "=r"(cause)); h = h * 31 + cause;
    __asm__ volatile(".word 0xffffffff" ::: "t0", "memory");
    __asm__ volatile("csrr %0, mcause" : "=r"(cause)); __asm__ volatile("csrr %0, mtval" : "=r"(value)); h = h * 31 + cause; h = h * 31 + value;
    __asm__ volatile(".option push\\n.option norvc\\nlw zero, 0(%0)\\n.option pop" :: "r"(0x08000000) : "t0", "memory");
    __asm__ volatile("csrr %0, mcause" : "=r"(cause)); __asm__ volatile("csrr %0, mtval" : "=r"(value)); h = h * 31 + cause; h = h * 31 + value;
    __asm__ volatile(".option push\\n.option norvc\\nsw zero, 0(%0)\\n.option pop" :: "r"(0x08000004) : "t0", "memory");
    __asm__ volatile("csrr %0, mcause" : "=r"(cause)); __asm__ volatile("csrr %0, mtval" : "=r"(value)); h = h * 31 + cause; h = h * 31 + value;
    __asm__ volatile(".option push\\n.option norvc\\nebreak\\n.option pop" ::: "t0", "memory");
    __asm__ volatile("csrr %0, mcause" : "=r"(cause)); h = h * 31 + cause;
  }
  return h;
}

static int nothing(int n) { return n; }

static void measure(const char *name, int (*function)(int), int argument) {
  int result; u32 count = counted(function, argument, &result);
  text(name); put(' '); hex(result); put(' '); hex(count); put('\\n');
}

int main(void) {
  measure("nothing", nothing, 5);
  measure("add_loop", add_loop, 1000);
  measure("fib", fib, 15);
  measure("matmul", matmul, 32);
  measure("arithmetic", arithmetic, 500);
  measure("atomics", atomics, 300);
  measure("misaligned", misaligned, 300);
  measure("selfmodify", selfmodify, 200);
  measure("traps", traps, 20);
  text("end\\n");
  return 0;
}
`
