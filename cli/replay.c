/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judge a capture with the daemon's engine; the would-be resets go into another capture. */
#include "cli/capture.h"
#include "cli/cli.h"

#include "events/json.h"

#include <pcap/pcap.h>

struct replay {
	const struct policy *policy;
	struct judge *judge;
	const char *iif, *oif;
	pcap_t *dead;
	pcap_dumper_t *out;
};

static void write_packet(struct replay *r, int64_t time_us, const uint8_t *packet, size_t len)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = time_us / 1000000, .tv_usec = time_us % 1000000 },
		.caplen = (bpf_u_int32)len,
		.len = (bpf_u_int32)len,
	};

	if (r->out != NULL && len > 0)
		pcap_dump((u_char *)r->out, &header, packet);
}

static void write_resets(struct replay *r, const struct judgement *j, int64_t time_us, bool sender)
{
	struct ip_tuple wire = sender ? tuple_reverse(&j->packet.tuple) : j->packet.tuple;
	struct reset_numbers n = sender ? j->cut.sender : j->cut.receiver;
	uint16_t room = sender ? j->cut.sender_room : j->cut.receiver_room;
	uint8_t packet[RESET_BUFFER];

	for (unsigned i = 0; i < j->cut.payloads; i++) {
		struct bytes payload;

		if (!cut_payload(&j->cut, i, room, &payload))
			continue;
		write_packet(r, time_us, packet,
			     reset_build(&wire, n, RESET_TTL, payload, packet, sizeof(packet)));
	}
	if (!sender && j->cut.receiver_has_it)
		write_packet(r, time_us, packet,
			     reset_build(&wire, j->cut.receiver_behind, RESET_TTL,
					 (struct bytes){ packet, 0 }, packet, sizeof(packet)));
}

/* Write what would be sent, and say so in @e, the event of this cut or NULL. */
static void write_cut(struct replay *r, const struct judgement *j, int64_t time_us, struct event *e)
{
	uint8_t icmp[ICMP_BUFFER];
	size_t l4, len = 0;
	bool from_initiator = j->side == SIDE_INITIATOR;

	if (j->cut.reject) {
		len = icmp_build_unreachable(&j->packet, j->cut.code, &j->packet.tuple.dst, icmp,
					     sizeof(icmp), &l4);
		write_packet(r, time_us, icmp, len);
	}
	if (j->cut.to_sender)
		write_resets(r, j, time_us, true);
	if (j->cut.to_receiver)
		write_resets(r, j, time_us, false);
	if (e != NULL) {
		bool sender = j->cut.to_sender || len > 0, receiver = j->cut.to_receiver;

		e->block.sent_source = from_initiator ? sender : receiver;
		e->block.sent_destination = from_initiator ? receiver : sender;
	}
}

static void write_annotated(struct replay *r, const struct judgement *j, int64_t time_us)
{
	struct bytes text = { (const uint8_t *)j->annotation, j->annotation_len };
	uint8_t packet[ANNOTATED_BUFFER];

	write_packet(r, time_us, packet, reset_annotate(&j->packet, text, packet, sizeof(packet)));
}

static void replay_packet(struct replay *r, struct bytes ip, int64_t time_us, uint64_t frame)
{
	struct judge_input in = {
		.ip = ip,
		.now_us = time_us,
		.wall_us = time_us,
		.iif = r->iif,
		.oif = r->oif,
		.ifaces_of_flow = true,
		.checksum_ready = true,
	};
	struct event list[EVENTS_PER_PACKET];
	struct judgement j;
	unsigned n;

	judge_packet(r->judge, r->policy, &in, &j);
	n = events_list(&j, r->policy, &in, time_us, list);
	if (j.has_cut)
		write_cut(r, &j, time_us, j.has_block ? &list[n - 1] : NULL);
	if (j.verdict == VERDICT_ANNOTATE)
		write_annotated(r, &j, time_us);
	for (unsigned i = 0; i < n; i++) {
		if (list[i].type != EVENT_PACKET) {
			list[i].frame = frame;
			json_write(&list[i], stdout);
		}
	}
	judge_expire(r->judge, time_us);
}

static bool open_output(struct replay *r, const char *path)
{
	if (path == NULL)
		return true;
	r->dead = pcap_open_dead(DLT_RAW, 65535);
	r->out = r->dead ? pcap_dump_open(r->dead, path) : NULL;
	if (r->out == NULL)
		fprintf(stderr, "epitaph: cannot write %s: %s\n", path,
			r->dead ? pcap_geterr(r->dead) : "not enough memory");
	return r->out != NULL;
}

static bool close_output(struct replay *r, const char *path)
{
	bool good = r->out == NULL || pcap_dump_flush(r->out) == 0;

	if (!good)
		fprintf(stderr, "epitaph: cannot write %s\n", path);
	if (r->out != NULL)
		pcap_dump_close(r->out);
	if (r->dead != NULL)
		pcap_close(r->dead);
	return good;
}

int command_replay(const struct cli_args *args)
{
	const char *policy_path = args->value[REPLAY_POLICY];
	struct policy *p = cli_load_policy(policy_path ? policy_path : CLI_POLICY_FILE, NULL);
	struct capture *in = p ? capture_open(args->operand) : NULL;
	struct replay r = { .policy = p };
	struct bytes ip;
	int64_t time_us;
	int got = -1;

	r.iif = args->value[REPLAY_IIF] ? args->value[REPLAY_IIF] : "";
	r.oif = args->value[REPLAY_OIF] ? args->value[REPLAY_OIF] : "";
	r.judge = in ? judge_new(&judge_default_limits, NULL) : NULL;
	if (r.judge != NULL && open_output(&r, args->value[REPLAY_WRITE])) {
		while ((got = capture_next(in, &ip, &time_us)) == 1)
			replay_packet(&r, ip, time_us, capture_meta(in)->frame);
	}
	if (!close_output(&r, args->value[REPLAY_WRITE]))
		got = -1;
	judge_free(r.judge);
	capture_close(in);
	policy_free(p);
	return got == 0 ? EXIT_DONE : EXIT_FOUND;
}
