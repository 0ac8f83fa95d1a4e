/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/capture.h"

#include <pcap/pcap.h>
#include <stdlib.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
	ETHERTYPE_PPPOE = 0x8864,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	VLAN_TAGS_MAX = 4,
};

struct capture {
	pcap_t *pcap;
	const char *path;
	int linktype;
};

/* The datagram behind the type field at @at, over VLAN tags and PPPoE. */
static struct bytes behind_ethertype(struct bytes frame, size_t at)
{
	uint16_t type;

	for (int tags = 0; tags <= VLAN_TAGS_MAX && bytes_get16(frame, at, &type); tags++) {
		if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6)
			return bytes_cut(frame, at + 2, frame.len);
		if (type == ETHERTYPE_PPPOE && bytes_get16(frame, at + 8, &type) &&
		    (type == PPP_IPV4 || type == PPP_IPV6))
			return bytes_cut(frame, at + 10, frame.len);
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ && type != ETHERTYPE_QINQ_OLD)
			break;
		at += 4;
	}
	return (struct bytes){ frame.at, 0 };
}

struct bytes capture_ip_of(int linktype, struct bytes frame)
{
	struct bytes ip;

	switch (linktype) {
	case DLT_EN10MB:
		return behind_ethertype(frame, 12);
	case DLT_LINUX_SLL:
		return behind_ethertype(frame, 14);
	case DLT_LINUX_SLL2: /* the type comes first, the rest of the 20-octet header behind it */
		ip = behind_ethertype(frame, 0);
		return ip.len > 18 ? bytes_cut(ip, 18, ip.len) : (struct bytes){ frame.at, 0 };
	case DLT_NULL: /* the address family in the byte order of who captured: the version tells */
	case DLT_LOOP:
		return bytes_cut(frame, 4, frame.len);
	default: /* raw IP, in all its numbers */
		return frame;
	}
}

static bool is_known(int linktype)
{
	return linktype == DLT_EN10MB || linktype == DLT_LINUX_SLL || linktype == DLT_LINUX_SLL2 ||
	       linktype == DLT_NULL || linktype == DLT_LOOP || linktype == DLT_RAW ||
	       linktype == DLT_IPV4 || linktype == DLT_IPV6;
}

struct capture *capture_open(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->path = path;
	c->pcap = pcap_open_offline(path, error);
	if (c->pcap == NULL) {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, error);
		free(c);
		return NULL;
	}
	c->linktype = pcap_datalink(c->pcap);
	if (!is_known(c->linktype)) {
		fprintf(stderr,
			"epitaph: %s has link type %s, which is not supported; Ethernet, raw IP, Linux cooked and loopback are\n",
			path, pcap_datalink_val_to_name(c->linktype));
		capture_close(c);
		return NULL;
	}
	return c;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	pcap_close(c->pcap);
	free(c);
}

int capture_next(struct capture *c, struct bytes *ip, int64_t *time_us)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int got;

	while ((got = pcap_next_ex(c->pcap, &header, &data)) == 1) {
		*ip = capture_ip_of(c->linktype, (struct bytes){ data, header->caplen });
		if (ip->len == 0)
			continue;
		*time_us = (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec;
		return 1;
	}
	if (got == PCAP_ERROR_BREAK)
		return 0;
	fprintf(stderr, "epitaph: %s is damaged, what comes before was read: %s\n", c->path,
		pcap_geterr(c->pcap));
	return -1;
}
