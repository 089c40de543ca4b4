/* tractor_plugin.h: classifiers for TrActor, plugin ABI 1.0.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A plugin is a shared library that exports one constant, `tractor_plugin`. TrActor (the host)
 * reads it before it calls any function of the library, makes an instance of each classifier for
 * each of its worker threads, lends it flows in batches, and takes its verdicts.
 *
 * C99 and C++11, no dependency. This header is the truth; the Rust crate tractor-plugin mirrors it.
 *
 * Text.    UTF-8. What the host tells of a flow is a pointer and a length, with no NUL behind it; all
 *          other text, of host and plugin, ends in NUL.
 * Memory.  Nothing changes hands. What the host passes is lent until the call returns (where nothing
 *          else is said); what the plugin exports is static; `self` is made by create() and freed by
 *          destroy(). No allocator is shared.
 * Threads. [worker]: an instance is created, used and destroyed on one thread, and never entered
 *          twice at once. Several instances live on several threads, so statics must bear that.
 *          [any-thread]: may be called from any thread while an instance lives.
 * Growth.  A new major version is a new layout under a new symbol. Minor versions append: a struct
 *          with a `size` grows at its end, and whoever reads a field asks TRACTOR_HAS first. Types
 *          marked frozen never change. Enum values are never used again. Reserved is zero.
 * Batches. Are for speed alone: a flow must get the same tags whatever else is in the batch, in
 *          whatever order, on whatever worker. `tractor plugins check FILE` looks whether it does.
 * Panics.  No exception, longjmp or panic may cross this border.
 */
#ifndef TRACTOR_PLUGIN_H
#define TRACTOR_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRACTOR_ABI_MAJOR 1u
#define TRACTOR_ABI_MINOR 0u

/* Whether the struct behind `p`, whose writer may be older than this header, has a field. */
#define TRACTOR_HAS(type, p, field) \
    ((size_t)(p)->size >= offsetof(type, field) + sizeof(((const type *)0)->field))

#if defined(_WIN32)
#define TRACTOR_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define TRACTOR_EXPORT __attribute__((visibility("default")))
#else
#define TRACTOR_EXPORT
#endif

/* ---- Values --------------------------------------------------------------------------------- */

/* What a function returns. Other negative values count as TRACTOR_ERROR. */
typedef int32_t tractor_status;
enum {
    TRACTOR_OK = 0,
    TRACTOR_ERROR = -1,
    TRACTOR_BAD_OPTION = -2,     /* create(): an option is unknown or its value is wrong */
    TRACTOR_PANIC = -3,          /* the instance is broken; it is not entered again */
    TRACTOR_NOT_CONFIGURED = -4  /* create(): nothing to do without options; no error */
};

/* tractor_classifier.needs, a sum: what is not asked for is not filled, and perhaps not collected. */
enum {
    TRACTOR_NEEDS_PAYLOAD = 1,   /* tractor_flow.payload */
    TRACTOR_NEEDS_PACKETS = 2,   /* tractor_flow.packet */
    TRACTOR_NEEDS_FEATURES = 4,  /* tractor_flow.features */
    TRACTOR_NEEDS_NAMES = 8      /* tractor_flow.server_name and the texts behind it */
};

/* tractor_classifier.when, a sum: when a flow is shown. */
enum {
    TRACTOR_WHEN_EARLY = 1,      /* once, at the first packet that fulfils the wish for packets,
                                    payload or time; without such a wish, at the first packet */
    TRACTOR_WHEN_WINDOW = 2,     /* at the end of each window of window_us that has a packet; they
                                    begin at multiples of it since 1970 */
    TRACTOR_WHEN_CLOSED = 4      /* when the flow has ended */
};

/* tractor_flow.state. */
enum {
    TRACTOR_EARLY = 1,           /* everything is of the flow so far */
    TRACTOR_WINDOW = 2,          /* features, packets[] and bytes[] are of the window, the rest of
                                    the flow so far */
    TRACTOR_CLOSED = 3
};

/* tractor_flow.closed_by; 0 while the flow goes on, as it does behind all of its windows but the last.
 * Others may follow. */
enum {
    TRACTOR_CLOSED_BY_FIN = 1,
    TRACTOR_CLOSED_BY_RST = 2,
    TRACTOR_CLOSED_BY_IDLE = 3,
    TRACTOR_CLOSED_BY_ACTIVE = 4,
    TRACTOR_CLOSED_BY_REUSED = 5,
    TRACTOR_CLOSED_BY_END_OF_CAPTURE = 6,
    TRACTOR_CLOSED_BY_EVICTED = 7
};

/* tractor_flow.server_name_from. Others may follow. */
enum {
    TRACTOR_NAME_NONE = 0,
    TRACTOR_NAME_SNI = 1,        /* TLS or DTLS client hello */
    TRACTOR_NAME_QUIC_SNI = 2,
    TRACTOR_NAME_HOST = 3,       /* HTTP request */
    TRACTOR_NAME_DNS = 4,        /* the client had asked DNS for this address */
    TRACTOR_NAME_BANNER = 5      /* what a server calls itself, or a SIP request's host */
};

/* tractor_packet.direction, and the index of pairs. */
enum {
    TRACTOR_CLIENT_TO_SERVER = 0,
    TRACTOR_SERVER_TO_CLIENT = 1
};

/* host->log levels. */
enum {
    TRACTOR_LOG_ERROR = 1,
    TRACTOR_LOG_WARNING = 2,
    TRACTOR_LOG_INFO = 3
};

#define TRACTOR_NOT_KEPT UINT32_MAX     /* tractor_packet.payload_at */
#define TRACTOR_TAKE_BACK UINT32_MAX    /* tag(): takes the classifier's verdict back */

/* ---- Frozen for ever (they stand in arrays) --------------------------------------------------- */

typedef struct tractor_text { const char *data; size_t length; } tractor_text;
typedef struct tractor_bytes { const uint8_t *data; size_t length; } tractor_bytes;
typedef struct tractor_option { const char *key; const char *value; } tractor_option;

/* Such as {"social", "facebook"}. Names: a-z, 0-9, '_', '-' and '.', at most 63 bytes; classes of
 * models may have capitals. */
typedef struct tractor_label { const char *group; const char *name; } tractor_label;

typedef struct tractor_packet {
    uint64_t time_us;            /* since the flow's first packet; 0 where time went back */
    uint32_t wire_bytes;         /* IP header and payload, by its own length field */
    uint32_t payload_bytes;      /* of the transport, on the wire */
    uint8_t direction;
    uint8_t tcp_flags;           /* byte 13 of the TCP header, 0 without one */
    uint8_t reserved[2];
    uint32_t payload_at;         /* where in payload[direction] its first byte is: so datagrams and
                                    segments can be told apart; TRACTOR_NOT_KEPT: nowhere */
} tractor_packet;

/* ---- A flow, as it is shown ------------------------------------------------------------------- */

/* Filled by the host, lent for one classify() call; grows at its end. */
typedef struct tractor_flow {
    uint32_t size;               /* bytes that the host filled */
    uint8_t state;
    uint8_t transport;           /* IP protocol number */
    uint8_t ip_version;          /* 4 or 6 */
    uint8_t closed_by;
    uint8_t client_ip[16];       /* IPv4 as ::ffff:a.b.c.d */
    uint8_t server_ip[16];
    uint16_t client_port;        /* 0 where there are none; ICMP: the sender's is the type, the
                                    receiver's the type that answers it, else the code */
    uint16_t server_port;
    uint32_t reserved;
    int64_t start_us;            /* Unix time of the first packet */
    int64_t end_us;              /* of the last packet so far */
    uint64_t packets[2];         /* client to server, server to client */
    uint64_t bytes[2];           /* wire_bytes of all packets */
    const double *features;      /* values of the profile's columns that are numbers, in its order;
                                    NaN: missing. NULL: none */
    const tractor_packet *packet; /* the first ones, at most as many as it asked for. NULL: none */
    uint32_t feature_count;
    uint32_t packet_count;
    tractor_bytes payload[2];    /* the first in-order bytes: TCP's stream, datagrams one behind the
                                    other; at most as many as it asked for. Never NULL */
    tractor_text server_name;    /* length 0: unknown; never NULL */
    tractor_text user_agent;
    tractor_text alpn;           /* what the client offered, joined by commas */
    tractor_text ja3;            /* of a TLS or QUIC client hello: 32 hexadecimal digits */
    tractor_text ja4;
    uint32_t server_name_from;
    uint32_t reserved2;
    int64_t window_start_us;     /* Unix time, state TRACTOR_WINDOW alone */
} tractor_flow;

/* Where verdicts go; the host's own, lives for one classify() call. */
typedef struct tractor_tags tractor_tags;

/* ---- What the host offers --------------------------------------------------------------------- */

/* Valid until destroy() has returned; grows at its end. */
typedef struct tractor_host tractor_host;
struct tractor_host {
    uint32_t size;
    uint32_t abi_minor;          /* that the host speaks */
    const char *name;            /* "tractor" */
    const char *version;

    /* [any-thread] A message for whoever runs the host; copied. */
    void (*log)(const tractor_host *host, int32_t level, const char *message);

    /* [worker, in create or classify] The text for the status that is about to be returned; copied. */
    void (*fail)(const tractor_host *host, const char *message);

    /* [worker, in classify] A verdict about flows[flow]: none, one or several (at most 16) in a call.
     * `label` is an index into the labels declared, or TRACTOR_TAKE_BACK. Confidence is clamped to
     * [0, 1]; a NaN is an error, and so is an index out of range or one verdict too many: that
     * verdict is not kept, and is counted. The evidence (NULL, or why, in a few words) is copied, at
     * most 255 bytes of it. */
    tractor_status (*tag)(tractor_tags *tags, uint32_t flow, uint32_t label, float confidence,
                          const char *evidence);

    /* [worker, in create] Optional, once: labels, columns and windows that come from a file named in
     * the options. Replaces what the classifier says of itself, all of it; copied. The same in every
     * instance. Afterwards feature_names are those of the new columns. window_us 0: no windows, though
     * the classifier has some without these options. */
    tractor_status (*declare)(const tractor_host *host, const tractor_label *labels,
                              uint32_t label_count, const char *columns, uint64_t window_us);

    /* [any-thread] "tractor.<name>/<revision>", NULL when the host has none. Static. */
    const void *(*extension)(const tractor_host *host, const char *id);

    /* [worker, in create] The names of tractor_flow.features, in order. */
    const char *const *feature_names;
    uint32_t feature_count;
    uint32_t reserved;
};

/* ---- What the plugin exports ------------------------------------------------------------------ */

/* Static; grows at its end. */
typedef struct tractor_classifier {
    uint32_t size;               /* sizeof(tractor_classifier) where it was compiled */
    uint32_t label_count;
    const char *id;              /* unique, such as "org.example.ports" */
    const char *name;            /* for people */
    const char *version;
    const char *description;     /* one sentence */
    const tractor_label *labels; /* verdicts are indices of these; may be empty if create() declares
                                    them */
    const char *columns;         /* profile and version whose columns it wants, such as
                                    "iscx-a2/1" (`tractor profiles` tells them; `cic` and
                                    `nfstream` have none to give); NULL: none */
    uint32_t needs;
    uint32_t when;
    uint32_t payload_bytes;      /* wanted of each direction; the host has a bound (4096). The early
                                    call waits until both have as many */
    uint32_t packets;            /* wanted of each flow; the host has a bound (255). The early call
                                    comes when there are as many, or when there is the payload */
    uint64_t early_after_us;     /* the early call also after so much packet time; 0: by payload and
                                    packets alone */
    uint64_t window_us;          /* 0: no windows */

    /* [worker] Makes an instance and puts it into *self. Options are lent for the call. The host
     * makes one before any worker's, to hear what it declares, and frees it. */
    tractor_status (*create)(const tractor_host *host, const tractor_option *options,
                             uint32_t option_count, void **self);

    /* [worker] Frees an instance; not one that returned TRACTOR_PANIC. */
    void (*destroy)(void *self);

    /* [worker] Looks at `count` flows, which may be none, and tags what it knows. On an error the
     * host forgets what the call tagged and calls again flow by flow; a flow that fails alone gets
     * nothing of that call. A verdict stands until a later call about the same flow tags it again
     * (all of it is replaced), or takes it back and says nothing else. */
    tractor_status (*classify)(void *self, const tractor_flow *const *flows, uint32_t count,
                               tractor_tags *tags);

    /* [any-thread] What the plugin offers under an id; may be NULL. Static. */
    const void *(*extension)(const char *id);
} tractor_classifier;

/* Frozen for ever. */
typedef struct tractor_entry {
    uint32_t abi_major;          /* TRACTOR_ABI_MAJOR where it was compiled */
    uint32_t abi_minor;          /* TRACTOR_ABI_MINOR where it was compiled */
    uint32_t abi_minor_required; /* the least minor version of a host that it can live with */
    uint32_t reserved;
    const tractor_classifier *const *classifiers; /* ends in NULL */
} tractor_entry;

/* The one symbol of a plugin. It is data: versions are read before any function is called. This
 * exports it; a plugin defines it with `const tractor_entry tractor_plugin = {...};` and no attribute. */
extern TRACTOR_EXPORT const tractor_entry tractor_plugin;

#ifdef __cplusplus
}
#endif
#endif
