// The verilated board as a program.
//
//   board --console [IMAGE]   loads IMAGE at the start of RAM and is its UART: bytes on stdin and stdout, until stdin ends
//   board --batch             reads [length][bytes] again and again: resets, puts the bytes at the start of RAM, runs until the
//                             program writes to the test finisher or `limit` cycles are over, and writes [finish code or 0][bytes of RAM]
//
// All numbers are 32-bit little-endian.
#include "Vsoc.h"
#include "Vsoc___024root.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace {

// A program that runs longer than this is reported as not finished.
constexpr uint64_t limit = 2'000'000;

Vsoc *board;

uint32_t *ram() { return &board->rootp->soc__DOT__ram__DOT__words[0]; }
constexpr size_t ramBytes = RAM_BYTES;

void cycle() {
    board->clk = 1;
    board->eval();
    board->clk = 0;
    board->eval();
}

void reset() {
    board->reset = 1;
    board->in_valid = 0;
    board->out_ready = 1;
    for (int i = 0; i < 4; i++) cycle();
    board->reset = 0;
}

bool readAll(void *to, size_t count) {
    auto *at = static_cast<uint8_t *>(to);
    while (count > 0) {
        ssize_t got = read(0, at, count);
        if (got <= 0) return false;
        at += got;
        count -= static_cast<size_t>(got);
    }
    return true;
}

void writeAll(const void *from, size_t count) {
    auto *at = static_cast<const uint8_t *>(from);
    while (count > 0) {
        ssize_t put = write(1, at, count);
        if (put < 0) exit(0); // the reader is gone
        at += put;
        count -= static_cast<size_t>(put);
    }
}

int batch() {
    uint32_t length;
    while (readAll(&length, 4)) {
        if (length > ramBytes) return 2;
        memset(ram(), 0, length);
        if (!readAll(ram(), length)) return 1;
        reset();
        uint64_t cycles = 0;
        while (!board->finished && cycles++ < limit) cycle();
        uint32_t code = board->finished ? board->finish_code : 0;
        writeAll(&code, 4);
        writeAll(ram(), length);
    }
    return 0;
}

int loadImage(const char *file) {
    std::vector<uint8_t> image;
    FILE *in = fopen(file, "rb");
    if (!in) return perror(file), 1;
    for (int c; (c = fgetc(in)) != EOF;) image.push_back(static_cast<uint8_t>(c));
    fclose(in);
    if (image.size() > ramBytes) return fprintf(stderr, "%s does not fit into RAM\n", file), 1;
    memcpy(ram(), image.data(), image.size());
    return 0;
}

int console() {
    reset();
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    uint8_t input[4096], output[4096];
    size_t inputAt = 0, inputEnd = 0, outputEnd = 0;
    unsigned idlePolls = 0;
    for (uint64_t cycles = 0; !board->finished; cycles++) {
        if (inputAt == inputEnd && (cycles & 1023) == 0) {
            // A guest that only asks for bytes is left to sleep until some come.
            if (idlePolls > 64) {
                writeAll(output, outputEnd);
                outputEnd = 0;
                pollfd wait = {0, POLLIN, 0};
                poll(&wait, 1, 1000);
                idlePolls = 0;
            }
            ssize_t got = read(0, input, sizeof input);
            if (got == 0) break;
            inputAt = 0;
            inputEnd = got > 0 ? static_cast<size_t>(got) : 0;
        }
        board->in_valid = inputAt < inputEnd;
        board->in_data = board->in_valid ? input[inputAt] : 0;
        board->clk = 0;
        board->eval();
        bool taken = board->in_valid && board->in_ready;
        if (board->out_valid) {
            output[outputEnd++] = board->out_data;
            idlePolls = 0;
        } else if (board->in_valid) idlePolls = 0;
        else if (board->polls) idlePolls++;
        cycle();
        if (taken) inputAt++;
        if (outputEnd == sizeof output || (outputEnd > 0 && (cycles & 1023) == 0)) {
            writeAll(output, outputEnd);
            outputEnd = 0;
        }
    }
    writeAll(output, outputEnd);
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    board = new Vsoc;
    if (argc == 2 && strcmp(argv[1], "--batch") == 0) return batch();
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "--console") == 0) {
        int failed = argc == 3 ? loadImage(argv[2]) : 0;
        return failed ? failed : console();
    }
    fprintf(stderr, "usage: %s --batch | --console [IMAGE]\n", argv[0]);
    return 2;
}
