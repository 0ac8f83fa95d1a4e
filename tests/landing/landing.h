/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the reset land? Two real sockets in two network namespaces are brought into a state, their
 * connection is cut by a router between them, and what each end's kernel makes of it is judged.
 *
 *   ends.c    the sockets, and what is asked of their kernel
 *   states.c  the states, each a choreography that ends with the packet that the policy cuts at
 *   wire.c    what each end saw: captured with libpcap, kept as a file and as a normalised trace
 *   landing.c the matrix: runs cells, compares traces, prints results
 */
#ifndef EPITAPH_TESTS_LANDING_H
#define EPITAPH_TESTS_LANDING_H

#include "tcp/packet.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

enum side { CLIENT, SERVER };
enum payload { PAYLOAD_TEXT, PAYLOAD_DIAG, PAYLOAD_BOTH, PAYLOADS };
enum { LAND_MS = 1000, MARK_LEN = 5, WHOLE = 255 };

#define MARK "CUTME" /* what the policy cuts at */

struct end {
	int netns; /* descriptor */
	int fd;	   /* -1 when it has no socket */
	int error; /* errno that its kernel gave; 0 while there is none */
	int64_t error_ms;
};

struct cell;

/* What the policy cuts at: the mark from the client, the SYN, any packet once it is put in force for live
 * connections, the mark from the server. */
enum cut_by { CUT_UP, CUT_SYN, CUT_AGAIN, CUT_DOWN };

struct state {
	const char *name;
	enum cut_by cut;
	/* Bring the ends there and have the connection cut. False when they do not get there; then it has
	 * said why. */
	bool (*run)(struct cell *c);
	unsigned live;	  /* ends that must get an error, a bit each */
	unsigned reached; /* ends whose side of the wire must show a reset with a payload */
	uint8_t room[2];  /* octets that the end's window has; WHOLE: enough */
	bool noisy;	  /* what else is on the wire depends on the moment */
	bool gone;	  /* the kernels have forgotten the connection afterwards */
	bool one_way;	  /* can be reached when the router does not see the server's packets */
	int small_buffer; /* SO_RCVBUF of both ends; 0: the kernel's own */
};

struct cell {
	const struct state *state;
	struct end end[2];
	int listener, family;
	enum payload payload;
	uint16_t client_port, server_port;
	struct sockaddr_storage to, at, from; /* what the client connects to, what the server binds, the client's */
	socklen_t len;
	int64_t cut_ms; /* when the packet that is cut at was sent */
	bool streaming; /* both ends read and write until they are cut */
	enum side streams;
	const char *rejudge; /* a command: live connections are judged again, and cut */
};

extern const struct state states[];
extern const size_t state_count;

/* --- ends --- */

int64_t now_ms(void);
/* Open the sockets: a listener and a client that is bound. False with a message on stderr. */
bool ends_open(struct cell *c);
/* Connect and accept; all that is sent is acknowledged. */
bool ends_connect(struct cell *c);
void ends_close(struct cell *c);
/* Send octets of @e; false when not all went. */
bool end_send(struct cell *c, enum side e, const void *data, size_t len);
/* Send so much that the other end's window has @left octets, and all is acknowledged. */
bool end_fill(struct cell *c, enum side e, uint32_t left);
/* Wait until what both ends sent is acknowledged. */
bool ends_settle(struct cell *c);
/* Send the mark that the connection is cut at. */
bool end_cut(struct cell *c, enum side e);
/* Wait until the live ends have an error, at most LAND_MS from the cut; streams on meanwhile. */
void ends_wait(struct cell *c);
/* How many connections of the cell's ports the end's kernel has in TCP state @tcp_state; 0: in any but LISTEN. */
unsigned end_kernel_states(const struct cell *c, enum side e, int tcp_state);
/* Enter an end's namespace. */
void end_enter(const struct end *e);

/* --- wire --- */

struct wire;

/* Capture what passes the interface @name in the namespace that the caller is in; into @file, too. */
struct wire *wire_open(const char *name, const char *file);
/* Forget what was captured so far. */
void wire_clear(struct wire *w);
/* Take in what was captured of the cell's connection. */
void wire_read(struct wire *w, const struct cell *c);
/* Whether a reset that the end's kernel takes had this payload, and all resets had good checksums. */
bool wire_has_payload(const struct wire *w, struct bytes payload);
unsigned wire_bad_checksums(const struct wire *w);
/* Write the normalised trace, as @e saw it. */
void wire_trace(const struct wire *w, enum side e, bool noisy, FILE *out);
void wire_close(struct wire *w);

#endif
