/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nft backend: libnftables, one transaction. */
#include "rules/rules.h"

#include <nftables/libnftables.h>
#include <stdlib.h>

/* Run @commands as one transaction; @check_only has the kernel judge them and change nothing. */
bool nft_run(const char *commands, bool check_only, struct rules_error *error)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *said;
	bool good;

	if (nft == NULL) {
		snprintf(error->text, sizeof(error->text), "nft: not enough memory");
		return false;
	}
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	nft_ctx_set_dry_run(nft, check_only);
	good = nft_run_cmd_from_buffer(nft, commands) == 0;
	said = nft_ctx_get_error_buffer(nft);
	if (!good)
		snprintf(error->text, sizeof(error->text), "nft: %s",
			 said && said[0] ? said : "the kernel refused the rules");
	error->text[strcspn(error->text, "\n")] = '\0';
	nft_ctx_free(nft);
	return good;
}

bool nft_can_queue(void)
{
	struct rules_error ignored = { "" };

	return nft_run(
		"table inet epitaph-probe { chain c { type filter hook forward priority 150; "
		"tcp flags & rst == rst queue num 0 bypass; }; }",
		true, &ignored);
}

/* Run what @render writes. */
static int run_rendered(void (*render)(const struct plan *plan, FILE *out), const struct plan *plan,
			struct rules_error *error)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	bool good;

	if (stream == NULL) {
		snprintf(error->text, sizeof(error->text), "nft: not enough memory");
		return -1;
	}
	render(plan, stream);
	good = fclose(stream) == 0 && nft_run(text, false, error);
	free(text);
	return good ? 0 : -1;
}

static void render_output(const struct plan *plan, FILE *out)
{
	(void)plan;
	plan_render_nft_output(out);
}

static void render_unload(const struct plan *plan, FILE *out)
{
	(void)plan;
	plan_render_nft_unload(out);
}

int nft_load(const struct plan *plan, struct rules_error *error)
{
	return run_rendered(plan_render_nft, plan, error);
}

int nft_load_output(struct rules_error *error)
{
	return run_rendered(render_output, NULL, error);
}

int nft_unload(struct rules_error *error)
{
	return run_rendered(render_unload, NULL, error);
}
