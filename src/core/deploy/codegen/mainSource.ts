import { arrayOf } from './cText'

/** Images that the program checks itself with: codes and the logits the host's integer reference gave. */
export interface SelfCheck {
  /** count x inputBytes codes. */
  codes: Int8Array
  /** count x outputCount logits. */
  logits: Int32Array
  count: number
}

/** main.c: runs the images it carries, prints outputs and cycles, compares with what the host computed. */
export function mainSource(): string {
  return `/* Runs the network over the images of images.c and prints outputs, cycles, and whether they are what they must be. */
#include "images.h"
#include "network.h"
#include "platform.h"

static void print_number(int64_t value)
{
    char digits[20];
    int count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0) platform_put('-');
    do digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (count) platform_put(digits[--count]);
}

static void print_text(const char *text)
{
    while (*text) platform_put(*text++);
}

int main(void)
{
    static int32_t outputs[NETWORK_OUTPUTS];
    int different = 0;
    for (uint32_t image = 0; image < IMAGES; image++) {
        uint64_t before = platform_cycles();
        int status = network_run(images + image * NETWORK_INPUT_BYTES, outputs);
        uint64_t cycles = platform_cycles() - before;
        print_text("image ");
        print_number(image);
        if (status != 0) {
            print_text(": a kernel refused with status ");
            print_number(status);
            print_text("\\n");
            return 1;
        }
        print_text(": outputs");
        for (uint32_t i = 0; i < NETWORK_OUTPUTS; i++) {
            platform_put(' ');
            print_number(outputs[i]);
            if (outputs[i] != expected[image * NETWORK_OUTPUTS + i]) different++;
        }
        print_text(", class ");
        print_number(network_argmax(outputs));
        print_text(", cycles ");
        if (PLATFORM_COUNTS_CYCLES) print_number((int64_t)cycles);
        else print_text("unavailable");
        print_text("\\n");
    }
    print_text(different ? "DIFFERENT from the host: " : "equal to the host: ");
    print_number(different ? different : (int64_t)IMAGES);
    print_text(different ? " outputs\\n" : " images\\n");
    return different != 0;
}
`
}

/** Returns `images.h`: the images of a self check and the expected outputs, as C arrays. */
export const imagesHeader = (
  check: SelfCheck
): string => `/* Images to check with, and the outputs that the host's integer reference gave. */
#ifndef IMAGES_H
#define IMAGES_H

#include "network.h"

#define IMAGES ${check.count}u

extern const int8_t images[IMAGES * NETWORK_INPUT_BYTES];
extern const int32_t expected[IMAGES * NETWORK_OUTPUTS];

#endif
`

/** Returns images.c: input codes and expected outputs of the program's self-check. */
export function imagesSource(check: SelfCheck): string {
  const codes = arrayOf('int8_t', 'images', [...check.codes].map(String))
  const logits = arrayOf(
    'int32_t',
    'expected',
    [...check.logits].map((value) => (value === -2147483648 ? '(-2147483647 - 1)' : String(value)))
  )
  return `#include "images.h"\n\n${codes}\n${logits}`
}

/** callable.c: the entry that the board monitor's \`call\` command jumps to. */
export function callableSource(): string {
  return `/*
 * For the Bitbench monitor: call(entry, request) with the address of three words {inputs, outputs, count} runs count images.
 * Each image's outputs are its logits and then its class. Returns 0 or the status of the kernel that refused.
 */
#include "network.h"

typedef struct {
    uint32_t inputs, outputs, count;
} call_request;

/* First in the program, so that its address is the load address. */
__attribute__((section(".text.entry"))) int network_call(const call_request *request)
{
    const int8_t *input = (const int8_t *)(uintptr_t)request->inputs;
    int32_t *output = (int32_t *)(uintptr_t)request->outputs;
    for (uint32_t i = 0; i < request->count; i++) {
        int status = network_run(input, output);
        if (status != 0) return status;
        output[NETWORK_OUTPUTS] = (int32_t)network_argmax(output);
        input += NETWORK_INPUT_BYTES;
        output += NETWORK_OUTPUTS + 1;
    }
    return 0;
}
`
}
