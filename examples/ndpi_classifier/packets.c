/* nDPI wants whole IP packets, the plugin interface lends payload: headers are put before it. */
#include "ndpi_classifier.h"

#include <netinet/in.h>
#include <string.h>

enum { IPV4_BYTES = 20, IPV6_BYTES = 40, TCP_BYTES = 20, UDP_BYTES = 8 };
enum { TCP_SYN = 0x02, HOPS = 64 };

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* The length of the header. */
static uint32_t put_ip(uint8_t *at, const tractor_flow *flow, int to_server, uint32_t rest) {
    const uint8_t *source = to_server ? flow->client_ip : flow->server_ip;
    const uint8_t *target = to_server ? flow->server_ip : flow->client_ip;
    if (flow->ip_version == 4) {
        memset(at, 0, IPV4_BYTES);
        at[0] = 0x45;
        put16(at + 2, IPV4_BYTES + rest);
        at[8] = HOPS;
        at[9] = flow->transport;
        memcpy(at + 12, source + 12, 4);
        memcpy(at + 16, target + 12, 4);
        return IPV4_BYTES;
    }
    memset(at, 0, IPV6_BYTES);
    at[0] = 0x60;
    put16(at + 4, rest);
    at[6] = flow->transport;
    at[7] = HOPS;
    memcpy(at + 8, source, 16);
    memcpy(at + 24, target, 16);
    return IPV6_BYTES;
}

/* nDPI passes over what it takes for a retransmission: sequence numbers are the payload's places. */
static void put_tcp(uint8_t *at, rebuilt *packet, const tractor_packet *shown, uint32_t length) {
    const int side = shown->direction;
    uint32_t sequence = packet->next_sequence[side];
    if (length > 0) {
        sequence = 1 + shown->payload_at;
    } else if (shown->tcp_flags & TCP_SYN) {
        sequence = 0;
    }
    const uint32_t next = sequence + length + (length == 0 && (shown->tcp_flags & TCP_SYN));
    if (next > packet->next_sequence[side]) {
        packet->next_sequence[side] = next;
    }
    put32(at, sequence);
    put32(at + 4, packet->next_sequence[!side]);
    at[8] = (TCP_BYTES / 4) << 4;
    at[9] = shown->tcp_flags;
    put16(at + 10, 0xffff);
    memset(at + 12, 0, 4);
}

void rebuild_start(rebuilt *packet) {
    packet->next_sequence[0] = packet->next_sequence[1] = 1;
}

int rebuild(rebuilt *packet, const tractor_flow *flow, const tractor_packet *shown) {
    const tractor_bytes kept = flow->payload[shown->direction];
    uint32_t length = 0;
    if (shown->payload_bytes > 0) {
        if (shown->payload_at >= kept.length) { /* or TRACTOR_NOT_KEPT */
            return 0;
        }
        /* The last one may be cut: for nDPI it ends there. */
        const size_t left = kept.length - shown->payload_at;
        length = left < shown->payload_bytes ? (uint32_t)left : shown->payload_bytes;
    }
    const int to_server = shown->direction == TRACTOR_CLIENT_TO_SERVER;
    const int is_tcp = flow->transport == IPPROTO_TCP;
    const uint32_t header = is_tcp ? TCP_BYTES : UDP_BYTES;
    if (length > sizeof(packet->bytes) - IPV6_BYTES - TCP_BYTES) {
        return 0;
    }
    uint8_t *at = packet->bytes + put_ip(packet->bytes, flow, to_server, header + length);
    put16(at, to_server ? flow->client_port : flow->server_port);
    put16(at + 2, to_server ? flow->server_port : flow->client_port);
    if (is_tcp) {
        put_tcp(at + 4, packet, shown, length);
    } else {
        put16(at + 4, UDP_BYTES + length);
        put16(at + 6, 0);
    }
    if (length > 0) {
        memcpy(at + header, kept.data + shown->payload_at, length);
    }
    packet->length = (uint16_t)(at + header + length - packet->bytes);
    return 1;
}
