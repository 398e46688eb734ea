#include "nftables.h"
#include "cleanup.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* As nfnetlink.h and nf_tables.h have it: a change is a batch, and counts at its end. */
struct message {
    struct nlmsghdr header;
    struct nfgenmsg family;
};

struct removal {
    struct message begin;
    struct message remove;
    struct nlattr name_header;
    char name[NFT_NAME_MAXLEN];
};

static struct message message_of(int type, unsigned char family, int subsystem) {
    return (struct message){
        .header = {.nlmsg_len = sizeof(struct message),
                   .nlmsg_type = (unsigned short)type,
                   .nlmsg_flags = NLM_F_REQUEST},
        .family = {.nfgen_family = family,
                   .version = NFNETLINK_V0,
                   .res_id = htons((unsigned short)subsystem)},
    };
}

/* The attribute's text, its padding, and behind them the batch's end. */
static size_t fill(struct removal *removal, const char *table) {
    size_t length = strlen(table) + 1;
    const struct message end = message_of(NFNL_MSG_BATCH_END, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    removal->begin = message_of(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    removal->remove = message_of(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NFPROTO_INET, 0);
    removal->name_header = (struct nlattr){.nla_len = (unsigned short)(NLA_HDRLEN + length),
                                           .nla_type = NFTA_TABLE_NAME};
    removal->remove.header.nlmsg_len += (unsigned)(NLA_HDRLEN + NLA_ALIGN(length));
    memcpy(removal->name, table, length);
    memcpy(removal->name + NLA_ALIGN(length), &end, sizeof end);
    return offsetof(struct removal, name) + NLA_ALIGN(length) + sizeof end;
}

void nftables_remove(const char *table) {
    struct removal removal = {0};
    if (!table || strlen(table) > sizeof removal.name - sizeof(struct message) - NLA_ALIGNTO)
        return;
    cleanup_fd int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (kernel >= 0)
        send(kernel, &removal, fill(&removal, table), 0);
}
