/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first octets of a flow: more of them never take back what was known. */
#include "tcp/inspect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct l7 whole, part;

	inspect_initiator((struct bytes){ data, size }, &whole);
	inspect_initiator((struct bytes){ data, size / 2 }, &part);
	if (part.sni.state == L7_KNOWN && whole.sni.state == L7_KNOWN &&
	    strcmp(part.sni.text, whole.sni.text) != 0)
		abort();
	if (part.host.state == L7_KNOWN &&
	    (whole.host.state != L7_KNOWN || strcmp(part.host.text, whole.host.text) != 0))
		abort();
	return 0;
}
