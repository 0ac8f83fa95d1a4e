/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy text: either findings or a policy, and the findings can be printed. */
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diags diags;
	static FILE *null;
	struct source source = { .name = "fuzz", .text = { data, size } };
	struct policy *p = policy_parse(&source, NULL, &diags);

	if (null == NULL)
		null = fopen("/dev/null", "w");
	if ((p == NULL) != (diags.errors > 0))
		abort();
	diags_print(&diags, null);
	diags_clear(&diags);
	policy_free(p);
	return 0;
}
