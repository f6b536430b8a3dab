/*
 * Feeds a fuzz target without a fuzzer: each line of standard input is one input in hex. With the frame target it prints
 * what it found, one line per frame: sequence, command, payload in hex; then a line "end". With the image target it prints how
 * many inputs the checker accepted.
 */
#include "../frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Of the image target alone. */
extern __attribute__((weak)) unsigned accepted_images;

static void print_frames(const uint8_t *data, size_t size)
{
    static frame_receiver receiver;
    memset(&receiver, 0, sizeof receiver);
    for (size_t i = 0; i < size; i++) {
        frame found;
        frame_push(&receiver, data[i]);
        while (frame_next(&receiver, &found)) {
            printf("%u %u ", found.sequence, found.command);
            for (unsigned k = 0; k < found.length; k++) printf("%02x", found.payload[k]);
            printf("\n");
        }
    }
    printf("end\n");
}

int main(int argc, char **argv)
{
    static char line[1 << 18];
    int prints = argc > 1 && strcmp(argv[1], "frames") == 0;
    while (fgets(line, sizeof line, stdin)) {
        size_t size = strcspn(line, "\r\n") / 2;
        /* a block of its own, so that the sanitizer sees a read beyond its end */
        uint8_t *data = malloc(size ? size : 1);
        for (size_t i = 0; i < size; i++) {
            unsigned byte = 0;
            sscanf(line + 2 * i, "%2x", &byte);
            data[i] = (uint8_t)byte;
        }
        LLVMFuzzerTestOneInput(data, size);
        if (prints) print_frames(data, size);
        free(data);
    }
    if (&accepted_images) printf("%u\n", accepted_images);
    return 0;
}
