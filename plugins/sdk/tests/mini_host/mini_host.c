/* The least that a host can be: loads a plugin, shows it a few flows and prints what it says.
 *
 * mini_host LIBRARY [KEY=VALUE]... */
#include "tractor_plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both directions' payload as one packet each, with a handshake before it on TCP. */
typedef struct shown {
    uint8_t transport;
    uint16_t server_port;
    const char *request;
    size_t request_length;
    const char *answer;
} shown;

#define REQUEST(text) text, sizeof(text) - 1

static const shown flows_shown[] = {
    {6, 22, REQUEST("SSH-2.0-OpenSSH_9.2p1\r\n"), "SSH-2.0-OpenSSH_9.2p1\r\n"},
    {6, 8080, REQUEST("GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {17, 53, REQUEST("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\7example\3org\0\0\1\0\1"), ""},
    {6, 9999, REQUEST("ABI1 and whatever follows"), ""},
    {6, 23, REQUEST(""), ""}
};
enum { FLOW_COUNT = sizeof(flows_shown) / sizeof(flows_shown[0]), PACKETS_MAX = 5 };

static tractor_label *labels;

static const char *copied(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    return copy == NULL ? "" : strcpy(copy, text);
}

static void take_labels(const tractor_label *given, uint32_t count) {
    labels = calloc(count + 1, sizeof(*labels));
    for (uint32_t at = 0; labels != NULL && at < count; at++) {
        labels[at].group = copied(given[at].group);
        labels[at].name = copied(given[at].name);
    }
}

static void log_message(const tractor_host *host, int32_t level, const char *message) {
    (void)host;
    printf("log %d: %s\n", (int)level, message);
}

static void fail(const tractor_host *host, const char *message) {
    (void)host;
    printf("failed: %s\n", message);
}

static tractor_status tag(tractor_tags *tags, uint32_t flow, uint32_t label, float confidence,
                          const char *evidence) {
    (void)tags;
    printf("flow %u: %s/%s %.2f %s\n", (unsigned)flow, labels[label].group, labels[label].name,
           (double)confidence, evidence == NULL ? "-" : evidence);
    return TRACTOR_OK;
}

static tractor_status declare(const tractor_host *host, const tractor_label *given, uint32_t count,
                              const char *columns, uint64_t window_us) {
    (void)host, (void)columns, (void)window_us;
    take_labels(given, count);
    printf("declared %s\n", count > 200 ? "many" : "few");
    return TRACTOR_OK;
}

static const void *extension(const tractor_host *host, const char *id) {
    (void)host, (void)id;
    return NULL;
}

static const tractor_host the_host = {
    sizeof(tractor_host), TRACTOR_ABI_MINOR, "mini_host", "0", log_message, fail, tag, declare,
    extension, NULL, 0, 0
};

static void add_packet(tractor_flow *flow, tractor_packet *packets, uint8_t direction,
                       size_t payload_bytes, uint8_t tcp_flags) {
    tractor_packet *packet = &packets[flow->packet_count];
    packet->time_us = 1000u * flow->packet_count++;
    packet->wire_bytes = (uint32_t)(40 + payload_bytes);
    packet->payload_bytes = (uint32_t)payload_bytes;
    packet->payload_at = payload_bytes > 0 ? 0 : TRACTOR_NOT_KEPT;
    packet->direction = direction;
    packet->tcp_flags = tcp_flags;
    flow->packets[direction]++;
    flow->bytes[direction] += packet->wire_bytes;
}

static void fill(tractor_flow *flow, tractor_packet *packets, const shown *from) {
    static const uint8_t address[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
    const size_t answer_length = strlen(from->answer);
    const int is_tcp = from->transport == 6;
    memset(flow, 0, sizeof(*flow));
    flow->size = sizeof(*flow);
    flow->state = TRACTOR_CLOSED;
    flow->closed_by = TRACTOR_CLOSED_BY_IDLE;
    flow->transport = from->transport;
    flow->ip_version = 4;
    memcpy(flow->client_ip, address, 16);
    memcpy(flow->server_ip, address, 16);
    flow->server_ip[15] = 2;
    flow->client_port = 40000;
    flow->server_port = from->server_port;
    flow->packet = packets;
    if (is_tcp) {
        add_packet(flow, packets, 0, 0, 0x02);
        add_packet(flow, packets, 1, 0, 0x12);
        add_packet(flow, packets, 0, 0, 0x10);
    }
    if (from->request_length > 0) {
        add_packet(flow, packets, 0, from->request_length, is_tcp ? 0x18 : 0);
    }
    if (answer_length > 0) {
        add_packet(flow, packets, 1, answer_length, is_tcp ? 0x18 : 0);
    }
    flow->payload[0].data = (const uint8_t *)from->request;
    flow->payload[0].length = from->request_length;
    flow->payload[1].data = (const uint8_t *)from->answer;
    flow->payload[1].length = answer_length;
}

int main(int argument_count, char **arguments) {
    static tractor_packet packets[FLOW_COUNT][PACKETS_MAX];
    static tractor_flow flows[FLOW_COUNT];
    const tractor_flow *batch[FLOW_COUNT];
    tractor_option options[16];
    uint32_t option_count = 0;
    void *library = argument_count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const tractor_entry *entry = library == NULL ? NULL : dlsym(library, "tractor_plugin");
    if (entry == NULL || entry->abi_major != TRACTOR_ABI_MAJOR) {
        printf("no plugin: %s\n", dlerror());
        return 1;
    }
    for (int at = 2; at < argument_count && option_count < 16; at++) {
        char *value = strchr(arguments[at], '=');
        if (value != NULL) {
            *value = '\0';
            options[option_count].key = arguments[at];
            options[option_count++].value = value + 1;
        }
    }
    for (int at = 0; at < FLOW_COUNT; at++) {
        fill(&flows[at], packets[at], &flows_shown[at]);
        batch[at] = &flows[at];
    }
    for (const tractor_classifier *const *it = entry->classifiers; *it != NULL; it++) {
        void *self = NULL;
        printf("%s\n", (*it)->id);
        take_labels((*it)->labels, (*it)->label_count);
        tractor_status status = (*it)->create(&the_host, options, option_count, &self);
        if (status == TRACTOR_OK) {
            status = (*it)->classify(self, batch, FLOW_COUNT, (tractor_tags *)labels);
            (*it)->destroy(self);
        }
        printf("status %d\n", (int)status);
    }
    return 0;
}
