/* nDPI's protocols as labels: its categories become groups. */
#include "ndpi_classifier.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a name, without its NUL: the header's rule. */
enum { NAME_BYTES_MAX = 63 };

/* Groups that others use, too: a name is in one group, whoever says it. */
static const char *group_of_category(ndpi_protocol_category_t category) {
    switch (category) {
    case NDPI_PROTOCOL_CATEGORY_SOCIAL_NETWORK: return "social";
    case NDPI_PROTOCOL_CATEGORY_CHAT: return "messaging";
    case NDPI_PROTOCOL_CATEGORY_VOIP: return "voip";
    case NDPI_PROTOCOL_CATEGORY_VPN: return "vpn";
    case NDPI_PROTOCOL_CATEGORY_MAIL: return "mail";
    case NDPI_PROTOCOL_CATEGORY_WEB: return "web";
    case NDPI_PROTOCOL_CATEGORY_MEDIA:
    case NDPI_PROTOCOL_CATEGORY_MUSIC:
    case NDPI_PROTOCOL_CATEGORY_STREAMING:
    case NDPI_PROTOCOL_CATEGORY_VIDEO: return "streaming";
    case NDPI_PROTOCOL_CATEGORY_DATA_TRANSFER:
    case NDPI_PROTOCOL_CATEGORY_DOWNLOAD_FT:
    case NDPI_PROTOCOL_CATEGORY_FILE_SHARING: return "file_transfer";
    case NDPI_PROTOCOL_CATEGORY_DATABASE: return "database";
    case NDPI_PROTOCOL_CATEGORY_REMOTE_ACCESS: return "remote_access";
    case NDPI_PROTOCOL_CATEGORY_NETWORK: return "network";
    case NDPI_PROTOCOL_CATEGORY_IOT_SCADA: return "industrial";
    default: return "other";
    }
}

/* Where nDPI's category is not the group in which everybody else has it. */
static const char *group_of(const ndpi_proto_defaults_t *protocol) {
    switch (protocol->protoId) {
    case NDPI_PROTOCOL_APPLEJUICE:
    case NDPI_PROTOCOL_BITTORRENT:
    case NDPI_PROTOCOL_DIRECTCONNECT:
    case NDPI_PROTOCOL_EDONKEY:
    case NDPI_PROTOCOL_FASTTRACK:
    case NDPI_PROTOCOL_GNUTELLA:
    case NDPI_PROTOCOL_OPENFT:
    case NDPI_PROTOCOL_SKYPE_TEAMS: return "peer2peer";
    case NDPI_PROTOCOL_SOCKS: return "vpn";
    case NDPI_PROTOCOL_SSH:
    case NDPI_PROTOCOL_TELNET: return "other";
    default: return group_of_category(protocol->protoCategory);
    }
}

/* Small letters, and what is no letter of a label becomes '_'. */
static char *name_of(const ndpi_proto_defaults_t *protocol, unsigned number) {
    char *name = malloc(NAME_BYTES_MAX + 1);
    if (name == NULL) {
        return NULL;
    }
    if (protocol->protoName == NULL || protocol->protoName[0] == '\0') {
        snprintf(name, NAME_BYTES_MAX + 1, "ndpi_%u", number);
        return name;
    }
    snprintf(name, NAME_BYTES_MAX + 1, "%s", protocol->protoName);
    for (char *letter = name; *letter != '\0'; letter++) {
        const unsigned char byte = (unsigned char)*letter;
        const int is_allowed = byte < 128 && (isalnum(byte) || strchr("_-.", byte) != NULL);
        *letter = is_allowed ? (char)tolower(byte) : '_';
    }
    return name;
}

tractor_label *make_labels(struct ndpi_detection_module_struct *module, uint32_t *count) {
    const ndpi_proto_defaults_t *protocols = ndpi_get_proto_defaults(module);
    *count = ndpi_get_num_supported_protocols(module);
    tractor_label *labels = calloc(*count, sizeof(*labels));
    for (uint32_t at = 0; labels != NULL && at < *count; at++) {
        labels[at].group = group_of(&protocols[at]);
        labels[at].name = name_of(&protocols[at], at);
        if (labels[at].name == NULL) {
            free_labels(labels, at);
            return NULL;
        }
    }
    return labels;
}

void free_labels(tractor_label *labels, uint32_t count) {
    for (uint32_t at = 0; at < count; at++) {
        free((char *)labels[at].name);
    }
    free(labels);
}
