/*
 * nvidia-smi's endless query as a native program: what the real one takes of a processor is not known, but it is no Node.
 * With -lms it prints one row per GPU and interval; every other call goes to the stand-in of the tests (SMI_NODE runs
 * SMI_SCRIPT). Written after nvidia-smi's documentation; its readings are invented.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { max_fields = 32 };

struct field {
    const char *name, *head, *value;
};

/* Values of a GPU at rest; power is printed per row. */
static const struct field known[] = {
    {"timestamp", "timestamp", NULL},
    {"index", "index", NULL},
    {"power.draw", "power.draw [W]", NULL},
    {"power.draw.instant", "power.draw.instant [W]", NULL},
    {"power.draw.average", "power.draw.average [W]", NULL},
    {"clocks.current.sm", "clocks.current.sm [MHz]", "1410 MHz"},
    {"clocks.current.memory", "clocks.current.memory [MHz]", "1215 MHz"},
    {"utilization.gpu", "utilization.gpu [%]", "98 %"},
    {"utilization.memory", "utilization.memory [%]", "40 %"},
    {"memory.used", "memory.used [MiB]", "1024 MiB"},
    {"temperature.gpu", "temperature.gpu", "55"},
    {"temperature.memory", "temperature.memory", "40"},
    {"clocks_event_reasons.active", "clocks_event_reasons.active", "0x0000000000000001"},
};

static const struct field *asked[max_fields];
static int fields;

static void choose(char *names) {
    for (char *name = strtok(names, ","); name != NULL && fields < max_fields; name = strtok(NULL, ",")) {
        const size_t count = sizeof known / sizeof *known;
        size_t at = 0;
        while (at < count && strcmp(known[at].name, name) != 0) at++;
        if (at == count) {
            printf("Field \"%s\" is not a valid field to query.\n\n", name);
            exit(2);
        }
        asked[fields++] = &known[at];
    }
}

static void print_row(int gpu, const char *stamp, unsigned row) {
    static const double ripple[] = {0.3, -0.1, -0.3, 0.1};
    for (int at = 0; at < fields; at++) {
        if (at > 0) fputs(", ", stdout);
        if (asked[at]->value != NULL) fputs(asked[at]->value, stdout);
        else if (strcmp(asked[at]->name, "timestamp") == 0) fputs(stamp, stdout);
        else if (strcmp(asked[at]->name, "index") == 0) printf("%d", gpu);
        else printf("%.2f W", 250 + gpu + ripple[row % 4]);
    }
    putchar('\n');
}

static void loop(int gpus, long every_ms) {
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (int at = 0; at < fields; at++) printf("%s%s", at > 0 ? ", " : "", asked[at]->head);
    putchar('\n');
    for (unsigned row = 0;; row++) {
        struct timespec now;
        struct tm local;
        char second[32], stamp[48];
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &local);
        strftime(second, sizeof second, "%Y/%m/%d %H:%M:%S", &local);
        snprintf(stamp, sizeof stamp, "%s.%03ld", second, now.tv_nsec / 1000000);
        for (int gpu = 0; gpu < gpus; gpu++) print_row(gpu, stamp, row);
        if (fflush(stdout) != 0) return;
        due.tv_nsec += every_ms * 1000000;
        due.tv_sec += due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}

int main(int count, char **arguments) {
    long every_ms = 0;
    int gpus = 1;
    char *query = NULL;
    for (int at = 1; at < count; at++) {
        if (strncmp(arguments[at], "--query-gpu=", 12) == 0) query = strdup(arguments[at] + 12);
        if (strcmp(arguments[at], "-lms") == 0 && at + 1 < count) every_ms = atol(arguments[at + 1]);
        if (strcmp(arguments[at], "-i") == 0 && at + 1 < count)
            for (const char *c = arguments[at + 1]; *c != 0; c++) gpus += *c == ',';
    }
    if (every_ms > 0 && query != NULL) {
        choose(query);
        loop(gpus, every_ms);
        return 0;
    }
    const char *node = getenv("SMI_NODE"), *script = getenv("SMI_SCRIPT");
    if (node == NULL || script == NULL) return 9;
    char **handed = calloc((size_t)count + 2, sizeof *handed);
    handed[0] = (char *)node;
    handed[1] = (char *)script;
    for (int at = 1; at < count; at++) handed[at + 1] = arguments[at];
    execv(node, handed);
    return 9;
}
