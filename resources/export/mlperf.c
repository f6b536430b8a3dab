/*
 * The device's side of MLPerf Tiny's serial protocol. A command ends with '%', every reply with a line "m-ready":
 *   name, profile, help, timestamp, db load N, db HEX, db print, infer N W, results
 * db load takes as many bytes as the network has inputs (codes), or four times as many (little-endian float32).
 */
#include "mlperf.h"
#include "network.h"
#include "platform.h"

#include <stdint.h>

#define COMMAND_BYTES 80

static int8_t codes[NETWORK_INPUT_BYTES];
static int32_t outputs[NETWORK_OUTPUTS];
/* Bytes announced by db load, bytes taken since. */
static uint32_t announced, loaded;
/* Bytes of the float32 that is not complete yet. */
static uint32_t word;

static void text(const char *characters)
{
    while (*characters) platform_put(*characters++);
}

static void number(uint64_t value)
{
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) platform_put(digits[--count]);
}

/* With six decimals, rounded. */
static void real(double value)
{
    uint64_t millionths;
    if (value < 0) {
        platform_put('-');
        value = -value;
    }
    millionths = (uint64_t)(value * 1e6 + 0.5);
    number(millionths / 1000000);
    platform_put('.');
    for (uint32_t unit = 100000; unit; unit /= 10) platform_put((char)('0' + millionths / unit % 10));
}

static void hex(uint8_t byte)
{
    platform_put("0123456789abcdef"[byte >> 4]);
    platform_put("0123456789abcdef"[byte & 15]);
}

static void line(const char *characters)
{
    text(characters);
    text("\r\n");
}

static void lap(void)
{
    text("m-lap-us-");
    number(platform_microseconds());
    text("\r\n");
}

#ifdef MLPERF_ANOMALY
#if NETWORK_OUTPUTS != NETWORK_INPUT_BYTES
#error "MLPERF_ANOMALY is for networks that give their inputs back"
#endif
/* One number: the mean squared distance of the outputs from the inputs, which is how anomalous the input is. */
static void results(void)
{
    double sum = 0;
    for (uint32_t i = 0; i < NETWORK_OUTPUTS; i++) {
        double distance = MLPERF_OUTPUT_SCALE * outputs[i] - MLPERF_INPUT_SCALE * (codes[i] + MLPERF_INPUT_ZERO);
        sum += distance * distance;
    }
    text("m-results-[");
    real(sum / NETWORK_OUTPUTS);
    line("]");
}
#else
static void results(void)
{
    text("m-results-[");
    for (uint32_t i = 0; i < NETWORK_OUTPUTS; i++) {
        if (i) platform_put(',');
        real(MLPERF_OUTPUT_SCALE * outputs[i]);
    }
    line("]");
}
#endif

/* The code of a real input: rounded half up, clamped; not a number is the lowest code. */
static int8_t code_of(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } real_input = {bits};
    double exact = (double)real_input.value / MLPERF_INPUT_SCALE - MLPERF_INPUT_ZERO + 0.5;
    int32_t floored;
    if (!(exact >= -128)) return -128;
    if (exact >= 127) return 127;
    floored = (int32_t)exact;
    return (int8_t)(floored > exact ? floored - 1 : floored);
}

static void take(uint8_t byte)
{
    if (announced == NETWORK_INPUT_BYTES) codes[loaded] = (int8_t)(byte - MLPERF_BYTE_OFFSET);
    else {
        word = word >> 8 | (uint32_t)byte << 24;
        if (loaded % 4 == 3) codes[loaded / 4] = code_of(word);
    }
    loaded++;
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

/* The next word of the command, its end marked; null at the end of the command. */
static char *next(char **rest)
{
    char *begin = *rest;
    while (*begin == ' ') begin++;
    if (*begin == 0) return 0;
    *rest = begin;
    while (**rest && **rest != ' ') ++*rest;
    if (**rest) *(*rest)++ = 0;
    return begin;
}

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* -1 when it is no number of up to nine digits. */
static int32_t count_of(const char *digits)
{
    int32_t value = 0;
    int length = 0;
    if (digits == 0 || *digits == 0) return -1;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9' || ++length > 9) return -1;
        value = value * 10 + (*digits - '0');
    }
    return value;
}

static void load(char **rest)
{
    int32_t bytes = count_of(next(rest));
    if (bytes <= 0) {
        line("e-[Command 'db load' requires the # of bytes]");
        return;
    }
    if (bytes != NETWORK_INPUT_BYTES && bytes != 4 * NETWORK_INPUT_BYTES) {
        text("e-[This network reads ");
        number(NETWORK_INPUT_BYTES);
        text(" bytes, or ");
        number(4 * NETWORK_INPUT_BYTES);
        line(" as float32]");
        return;
    }
    announced = (uint32_t)bytes;
    loaded = 0;
    text("m-[Expecting ");
    number(announced);
    line(" bytes]");
}

static void data(const char *digits)
{
    if (announced == 0) {
        line("e-[Say 'db load' first]");
        return;
    }
    for (; digits[0]; digits += 2) {
        int high = hex_digit(digits[0]);
        int low = digits[1] ? hex_digit(digits[1]) : -1;
        if (high < 0 || low < 0) {
            line("e-[Invalid or missing hex digit]");
            return;
        }
        if (loaded == announced) return;
        take((uint8_t)(high << 4 | low));
        if (loaded == announced) line("m-load-done");
    }
}

/* The codes as bytes, eight a line. */
static void print(void)
{
    for (uint32_t i = 0; i < NETWORK_INPUT_BYTES; i++) {
        text(i % 8 ? "-" : "m-buffer-");
        hex((uint8_t)(codes[i] + MLPERF_BYTE_OFFSET));
        if (i % 8 == 7 || i + 1 == NETWORK_INPUT_BYTES) line("");
    }
}

static void db(char **rest)
{
    const char *what = next(rest);
    if (what == 0) line("e-[Command 'db' requires a subcommand]");
    else if (equal(what, "load")) load(rest);
    else if (equal(what, "print")) print();
    else data(what);
}

/* 0 when a kernel refused. */
static int run(int32_t times)
{
    while (times-- > 0) {
        int status = network_run(codes, outputs);
        if (status == 0) continue;
        text("e-[A kernel refused with status ");
        number((uint64_t)status);
        line("]");
        return 0;
    }
    return 1;
}

static void infer(char **rest)
{
    const char *times = next(rest);
    const char *warm = next(rest);
    int32_t inferences = times ? count_of(times) : 1;
    int32_t warmups = warm ? count_of(warm) : 10;
    if (inferences <= 0 || warmups < 0) {
        line("e-[Inference iterations must be >0, warmups >=0]");
        return;
    }
    if (loaded == 0 || loaded != announced) {
        line("e-[The input is not loaded]");
        return;
    }
    text("m-warmup-start-");
    number((uint64_t)warmups);
    line("");
    if (!run(warmups)) return;
    line("m-warmup-done");
    text("m-infer-start-");
    number((uint64_t)inferences);
    line("");
    lap();
    if (!run(inferences)) return;
    lap();
    line("m-infer-done");
    results();
}

static void help(void)
{
    line("name, profile, timestamp, db load N, db HEX, db print, infer N [W=10], results");
}

static void obey(char *command)
{
    char *rest = command;
    const char *what = next(&rest);
    if (what == 0) what = "";
    if (equal(what, "name")) line("m-name-dut-[bitbench]");
    else if (equal(what, "profile")) {
        line("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
        line("m-model-[" MLPERF_MODEL "]");
    } else if (equal(what, "help")) help();
    else if (equal(what, "timestamp")) lap();
    else if (equal(what, "db")) db(&rest);
    else if (equal(what, "infer")) infer(&rest);
    else if (equal(what, "results")) results();
    else {
        text("e-[Unknown command: ");
        text(what);
        line("]");
    }
    line("m-ready");
}

int main(void)
{
    static char command[COMMAND_BYTES + 1];
    uint32_t length = 0;
    line("m-timestamp-mode-performance");
    line("m-init-done");
    line("m-ready");
    for (int character; (character = platform_get()) >= 0;) {
        if (character == '%') {
            command[length] = 0;
            obey(command);
            length = 0;
        } else if (character != '\r' && character != '\n' && length < COMMAND_BYTES) command[length++] = (char)character;
    }
    return 0;
}
