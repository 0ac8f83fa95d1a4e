/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/capture.h"

#include "cli/gz.h"

#include <errno.h>
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
	SNAP = 2048, /* a reset with all headers */
	LIVE_BUFFER = 4 << 20,
	SLL_OUTGOING = 4,
};

struct capture {
	pcap_t *pcap;
	const char *path;
	int linktype;
	bool live;
	uint64_t frames;
	struct capture_meta meta; /* of the latest frame */
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

/* What the cooked headers of Linux tell of the way of a frame. */
static struct capture_meta meta_of(int linktype, struct bytes frame)
{
	struct capture_meta m = { 0 };
	uint16_t type16 = 0;
	uint8_t type = 0;

	if (linktype == DLT_LINUX_SLL2) {
		bytes_get32(frame, 4, &m.interface);
		bytes_get8(frame, 10, &type);
	} else if (linktype == DLT_LINUX_SLL && bytes_get16(frame, 0, &type16)) {
		type = (uint8_t)type16;
	}
	m.outgoing = type == SLL_OUTGOING;
	return m;
}

const struct capture_meta *capture_meta(const struct capture *c)
{
	return &c->meta;
}

static bool is_known(int linktype)
{
	return linktype == DLT_EN10MB || linktype == DLT_LINUX_SLL || linktype == DLT_LINUX_SLL2 ||
	       linktype == DLT_NULL || linktype == DLT_LOOP || linktype == DLT_RAW ||
	       linktype == DLT_IPV4 || linktype == DLT_IPV6;
}

/* What can be read from: a capture file, or an interface. */
static struct capture *new_capture(pcap_t *pcap, const char *name, bool live)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		pcap_close(pcap);
		return NULL;
	}
	c->path = name;
	c->live = live;
	c->pcap = pcap;
	c->linktype = pcap_datalink(pcap);
	if (is_known(c->linktype))
		return c;
	fprintf(stderr,
		"epitaph: %s has link type %s, which is not supported; Ethernet, raw IP, Linux cooked and loopback are\n",
		name, pcap_datalink_val_to_name(c->linktype));
	capture_close(c);
	return NULL;
}

struct capture *capture_open(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	FILE *in = gz_open(path);
	pcap_t *pcap;

	if (in == NULL) {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	pcap = pcap_fopen_offline(in, error);
	if (pcap == NULL) {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, error);
		fclose(in);
		return NULL;
	}
	return new_capture(pcap, path, false);
}

/* Whether @result of a step on the way to a live capture is good; else say what is wrong. */
static bool went_well(pcap_t *pcap, const char *interface, int result)
{
	if (result >= 0)
		return true;
	fprintf(stderr, "epitaph: cannot watch %s: %s%s\n", interface,
		result == PCAP_ERROR ? pcap_geterr(pcap) : pcap_statustostr(result),
		result == PCAP_ERROR_PERM_DENIED ? "; run as root or with CAP_NET_RAW" : "");
	return false;
}

struct capture *capture_open_live(const char *interface, const char *filter)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(interface, error);
	struct bpf_program program;

	if (pcap == NULL) {
		fprintf(stderr, "epitaph: cannot watch %s: %s\n", interface, error);
		return NULL;
	}
	pcap_set_snaplen(pcap, SNAP);
	pcap_set_promisc(pcap, 0);
	pcap_set_immediate_mode(pcap, 1);
	pcap_set_timeout(pcap, 100);
	pcap_set_buffer_size(pcap, LIVE_BUFFER);
	if (went_well(pcap, interface, pcap_activate(pcap)) &&
	    (strcmp(interface, "any") != 0 || pcap_set_datalink(pcap, DLT_LINUX_SLL2) <= 0) &&
	    went_well(pcap, interface,
		      pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN))) {
		int result = pcap_setfilter(pcap, &program);

		pcap_freecode(&program);
		if (went_well(pcap, interface, result) &&
		    went_well(pcap, interface, pcap_setnonblock(pcap, 1, error)))
			return new_capture(pcap, interface, true);
	}
	pcap_close(pcap);
	return NULL;
}

int capture_fd(const struct capture *c)
{
	return pcap_get_selectable_fd(c->pcap);
}

unsigned capture_lost(const struct capture *c)
{
	struct pcap_stat stat = { 0 };

	return pcap_stats(c->pcap, &stat) == 0 ? stat.ps_drop : 0;
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
		struct bytes frame = { data, header->caplen };

		c->frames++;
		*ip = capture_ip_of(c->linktype, frame);
		if (ip->len == 0)
			continue;
		c->meta = meta_of(c->linktype, frame);
		c->meta.frame = c->live ? 0 : c->frames;
		*time_us = (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec;
		return 1;
	}
	if (got == PCAP_ERROR_BREAK || got == 0)
		return 0;
	fprintf(stderr, "epitaph: %s is damaged, what comes before was read: %s\n", c->path,
		pcap_geterr(c->pcap));
	return -1;
}
