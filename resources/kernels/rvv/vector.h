/*
 * Vector instructions without a compiler that knows them: gcc 12 has no RVV intrinsics, but its assembler has the
 * instructions. A compiler told -march=rv32imac or rv64imac never touches vector registers, so what one statement leaves in
 * them the next one finds. RISC-V "V" Vector Extension 1.0; VLEN of at least 128.
 */
#ifndef BB_VECTOR_H
#define BB_VECTOR_H

#ifdef __riscv
#define BB_VECTOR(text) ".option push\n\t.option arch, +v\n\t" text "\n\t.option pop"
#endif

#endif
