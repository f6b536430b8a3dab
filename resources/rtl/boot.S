# The boot loader of boot.v: LiteX's serial protocol (SFL), so that `bitbench board boot` finds and feeds it. It prints its request once a
# second until the host replies (and when a line ends), then takes frames into RAM and jumps. Executed from block RAM at 0, which cannot be read: words are
# immediates, and there is no stack. A trap starts it again, as mtvec is 0 after reset.
#
#   npm run rtl:boot     assembles it into boot_words.vh

UART = 0x10000000
RAM = 0x80000000
BUFFER = 0x8001ff00        # command and payload of a frame
REPLY = BUFFER - 16        # what the host replies to the request
LOOPS_PER_SECOND = 12000000 / 7

    .section .text
    .globl _start
_start:
    li s0, UART
    li s1, BUFFER
    li a0, 0x4849367a      # "z6IHG7cYDID6o\n"
    sw a0, -16(s1)
    li a0, 0x59633747
    sw a0, -12(s1)
    li a0, 0x36444944
    sw a0, -8(s1)
    li a0, 0x00000a6f
    sw a0, -4(s1)

request:                   # "sL5DdSMmkekro\n"
    li a0, 0x44354c73
    jal t6, put
    li a0, 0x6d4d5364
    jal t6, put
    li a0, 0x726b656b
    jal t6, put
    li a0, 0x00000a6f
    jal t6, put
from_start:
    addi s3, s1, -16
wait:
    li a1, LOOPS_PER_SECOND
    jal t6, get
    bltz a0, request
    lbu t0, 0(s3)
    beq a0, t0, match
    addi s3, s1, -16       # it may be the first one again
    lbu t0, 0(s3)
    beq a0, t0, match
    addi a0, a0, -10
    bnez a0, wait
    j request
match:
    addi s3, s3, 1
    addi t0, s1, -2
    bne s3, t0, wait

frame:                     # length of the payload, CRC-16 of command and payload (high byte first), command, payload
    jal t5, next
    addi s4, a0, 1
    jal t5, next
    slli s5, a0, 24
    jal t5, next
    slli a0, a0, 16
    or s5, s5, a0
    li s2, 0               # CRC in the upper half
    mv s3, s1
    li s6, 0x10210000
1:  jal t5, next
    sb a0, 0(s3)
    addi s3, s3, 1
    slli a0, a0, 24
    xor s2, s2, a0
    li t0, 8
2:  slli t1, s2, 1
    bgez s2, 3f
    xor t1, t1, s6
3:  mv s2, t1
    addi t0, t0, -1
    bnez t0, 2b
    addi s4, s4, -1
    bnez s4, 1b
    li a0, 'C'
    bne s2, s5, reply

    lbu t0, 0(s1)
    li a0, 'K'
    beqz t0, abort
    lbu a2, 1(s1)          # the address, highest byte first
    slli a2, a2, 8
    lbu t1, 2(s1)
    or a2, a2, t1
    slli a2, a2, 8
    lbu t1, 3(s1)
    or a2, a2, t1
    slli a2, a2, 8
    lbu t1, 4(s1)
    or a2, a2, t1
    addi t0, t0, -1
    beqz t0, load
    addi t0, t0, -1
    li a0, 'U'
    bnez t0, reply

    li a0, 'K'             # jump
    jal t6, put
    fence.i
    jr a2

load:
    addi t2, s1, 5
    li a0, 'E'             # outside RAM, or over the buffer
    li t0, RAM
    bltu a2, t0, reply
    sub t1, s3, t2
    add t1, t1, a2
    addi t0, s1, -16
    bltu t0, t1, reply
    bltu t0, a2, reply     # the end may lie beyond the last address
4:  bgeu t2, s3, loaded
    lbu t1, 0(t2)
    sb t1, 0(a2)
    addi t2, t2, 1
    addi a2, a2, 1
    j 4b
loaded:
    li a0, 'K'
reply:
    jal t6, put
    j frame
abort:
    jal t6, put
    j request

next:                      # a0: the next byte of a frame; after a quarter of a second without one the frame is given up
    li a1, LOOPS_PER_SECOND / 4
    jal t6, get
    bltz a0, 5f
    jr t5
5:  li a0, 'E'
    j reply

get:                       # a0: a byte, or -1 after a1 looks
    lbu a0, 5(s0)
    andi a0, a0, 1
    bnez a0, 6f
    addi a1, a1, -1
    bnez a1, get
    li a0, -1
    jr t6
6:  lbu a0, 0(s0)
    jr t6

put:                       # the bytes of a0, lowest first, until only zeros are left
    lbu t0, 5(s0)
    andi t0, t0, 0x20
    beqz t0, put
    sb a0, 0(s0)
    srli a0, a0, 8
    bnez a0, put
    jr t6
