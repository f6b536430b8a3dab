/* The decoder as a program that the monitor's `call` runs: at offset 0, decoder_entry(block, token + position * 2^16). */
#include "decoder.h"

enum { CHECK_ALONE = 0xFFFFFFFF };

__attribute__((section(".text.start"))) uint32_t decoder_entry(decoder_header *h, uint32_t what)
{
    if (what == CHECK_ALONE) {
        decoder_reason reason = decoder_check(h);
        return reason == DECODER_OK ? 0 : 0xFFFFFF00u + reason;
    }
    return decoder_step(h, what & 0xFFFF, what >> 16);
}
