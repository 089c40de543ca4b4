/* A classifier that says what it sees: its evidence is a hash (FNV-1a, 64 bits) of a line with all that it
 * is shown of a flow, and the line itself goes to the file of its option. Macros say what it asks for. */
#include "tractor_plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ID
#define ID "org.example.watcher"
#endif
#ifndef NEEDS
#define NEEDS 0
#endif
#ifndef WHEN
#define WHEN TRACTOR_WHEN_CLOSED
#endif
#ifndef PAYLOAD_BYTES
#define PAYLOAD_BYTES 0
#endif
#ifndef PACKETS
#define PACKETS 0
#endif
#ifndef EARLY_AFTER_US
#define EARLY_AFTER_US 0
#endif
#ifndef WINDOW_US
#define WINDOW_US 0
#endif
#ifndef COLUMNS
#define COLUMNS NULL
#endif

typedef struct instance {
    const tractor_host *host;
    int file;
} instance;

static const tractor_label labels[] = {{"other", "watched"}};

static tractor_status create(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self) {
    instance *made = calloc(1, sizeof(*made));
    made->host = host;
    made->file = -1;
    for (uint32_t at = 0; at < option_count; at++) {
        if (strcmp(options[at].key, "file") != 0) {
            host->fail(host, "there is one option, file");
            free(made);
            return TRACTOR_BAD_OPTION;
        }
        /* Whole lines, whichever instance writes them. */
        made->file = open(options[at].value, O_WRONLY | O_APPEND | O_CREAT, 0600);
    }
    if (made->file >= 0 && host->feature_count > 0) {
        char names[8192] = "names";
        for (uint32_t at = 0; at < host->feature_count; at++) {
            strcat(strcat(names, "\t"), host->feature_names[at]);
        }
        strcat(names, "\n");
        if (write(made->file, names, strlen(names)) < 0) {
            host->log(host, TRACTOR_LOG_ERROR, "the file is full");
        }
    }
    *self = made;
    return TRACTOR_OK;
}

static void destroy(void *self) {
    instance *made = self;
    if (made->file >= 0) {
        close(made->file);
    }
    free(made);
}

static void hexadecimal(FILE *line, const uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length; at++) {
        fprintf(line, "%02x", bytes[at]);
    }
    fputc(' ', line);
}

static void text(FILE *line, tractor_text text) {
    hexadecimal(line, (const uint8_t *)text.data, text.length);
}

static void describe(FILE *line, const tractor_flow *flow) {
    fprintf(line, "%u %u %u %u ", flow->state, flow->transport, flow->ip_version, flow->closed_by);
    hexadecimal(line, flow->client_ip, 16);
    hexadecimal(line, flow->server_ip, 16);
    fprintf(line, "%u %u %lld %lld %llu %llu %llu %llu %lld ", flow->client_port, flow->server_port,
            (long long)flow->start_us, (long long)flow->end_us,
            (unsigned long long)flow->packets[0], (unsigned long long)flow->packets[1],
            (unsigned long long)flow->bytes[0], (unsigned long long)flow->bytes[1],
            (long long)flow->window_start_us);
    for (int direction = 0; direction < 2; direction++) {
        hexadecimal(line, flow->payload[direction].data, flow->payload[direction].length);
    }
    for (uint32_t at = 0; at < flow->packet_count; at++) {
        const tractor_packet *packet = &flow->packet[at];
        fprintf(line, "%llu,%u,%u,%u,%u,%d ", (unsigned long long)packet->time_us,
                packet->wire_bytes, packet->payload_bytes, packet->direction, packet->tcp_flags,
                packet->payload_at == TRACTOR_NOT_KEPT ? -1 : (int)packet->payload_at);
    }
    if ((NEEDS) & TRACTOR_NEEDS_NAMES) {
        fprintf(line, "%u ", flow->server_name_from);
        text(line, flow->server_name);
        text(line, flow->user_agent);
        text(line, flow->alpn);
        text(line, flow->ja3);
        text(line, flow->ja4);
    }
    for (uint32_t at = 0; at < flow->feature_count; at++) {
        fprintf(line, "%.17g ", flow->features[at]);
    }
}

static tractor_status classify(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags) {
    const instance *made = self;
    for (uint32_t at = 0; at < count; at++) {
        char *bytes = NULL, evidence[20];
        size_t length = 0;
        FILE *line = open_memstream(&bytes, &length);
        uint64_t hash = 0xcbf29ce484222325u;
        describe(line, flows[at]);
        fclose(line);
        for (size_t byte = 0; byte < length; byte++) {
            hash = (hash ^ (uint8_t)bytes[byte]) * 0x100000001b3u;
        }
        snprintf(evidence, sizeof(evidence), "%016llx", (unsigned long long)hash);
        made->host->tag(tags, at, 0, 1.0f, evidence);
        if (made->file >= 0) {
            bytes[length] = '\n';
            if (write(made->file, bytes, length + 1) != (ssize_t)(length + 1)) {
                made->host->log(made->host, TRACTOR_LOG_ERROR, "the file is full");
            }
        }
        free(bytes);
    }
    return TRACTOR_OK;
}

static const tractor_classifier classifier = {
    .size = sizeof(tractor_classifier), .id = ID, .name = "Watcher", .version = "1.0",
    .description = "Says what it sees.", .labels = labels, .label_count = 1, .columns = COLUMNS,
    .needs = NEEDS, .when = WHEN, .payload_bytes = PAYLOAD_BYTES, .packets = PACKETS,
    .early_after_us = EARLY_AFTER_US, .window_us = WINDOW_US,
    .create = create, .destroy = destroy, .classify = classify
};
static const tractor_classifier *const classifiers[] = {&classifier, NULL};
const tractor_entry tractor_plugin = {
    .abi_major = TRACTOR_ABI_MAJOR, .abi_minor = TRACTOR_ABI_MINOR, .classifiers = classifiers
};
