/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/reset_read.h"

static struct reset_reading reading(struct bytes payload)
{
	struct packet p = { .payload = payload,
			    .payload_len = (uint32_t)payload.len,
			    .flags = TCP_RST | TCP_ACK };
	struct reset_reading r;

	reset_read(&p, &r);
	return r;
}

static void records(void **state)
{
	struct reset_reading r = reading(unhex("33aa000900000000"));

	(void)state;
	assert_int_equal(r.class, RESET_CLASS_DIAG);
	assert_int_equal(r.format, RESET_FORMAT_RECORD);
	assert_int_equal(r.code, 9);
	assert_string_equal(reset_code_name_02(r.code), "not authorized");
	assert_string_equal(reset_code_name_03(11), "not authorized");
	assert_string_equal(reset_code_name_03(16), "connection timeout");
	assert_string_equal(reset_code_name_02(14), "connection timeout");
	assert_null(reset_code_name_03(0));
	assert_null(reset_code_name_02(18));
	r = reading(unhex("33aa04d200007ed9"));
	assert_int_equal(r.code, 1234);
	assert_int_equal(r.pen, 32473);
	assert_int_equal(reset_code_by_name("not-authorized"), 11);
	assert_int_equal(reset_code_by_name("nonsense"), 0);
}

static void malformed_records(void **state)
{
	static const char *const bad[] = { "33aa", "33aa0009000000", "33aa00090000000000",
					   "33aa000000000000" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct reset_reading r = reading(unhex(bad[i]));

		assert_true(r.invalid_diag);
		assert_int_not_equal(r.class, RESET_CLASS_DIAG);
		assert_int_not_equal(r.class, RESET_CLASS_TEXT);
	}
	assert_false(reading(unhex("33ab000900000000")).invalid_diag);
	assert_int_equal(reading(text_bytes("8 ASCII!")).class, RESET_CLASS_TEXT);
}

static void old_formats(void **state)
{
	struct reset_reading r =
		reading(unhex("f317504f4c4943593a20626c6f636b65642062792072756c65203432"));

	(void)state;
	assert_int_equal(r.class, RESET_CLASS_TEXT);
	assert_int_equal(r.format, RESET_FORMAT_FREE_TEXT);
	assert_string_equal(r.text, "POLICY: blocked by rule 42");
	r = reading(unhex("193039a10102"));
	assert_int_equal(r.class, RESET_CLASS_DIAG);
	assert_int_equal(r.format, RESET_FORMAT_CBOR);
	assert_int_equal(r.code, 2);
	r = reading(unhex("193039a2011904d202197ed9"));
	assert_int_equal(r.code, 1234);
	assert_int_equal(r.pen, 32473);
	r = reading(unhex("193039a103782062726965662068756d616e2d7265616461626c652064657363"
			  "72697074696f6e"));
	/* The quoted vector says 32 octets and holds 32. */
	assert_int_equal(r.class, RESET_CLASS_TEXT);
	assert_int_equal(r.format, RESET_FORMAT_CBOR);
	assert_string_equal(r.text, "brief human-readable description");
	/* A map that promises more than there is. */
	assert_int_equal(reading(unhex("193039a3010203")).class, RESET_CLASS_BINARY);
}

static void sanitised(void **state)
{
	struct reset_reading r =
		reading(text_bytes("go \x1b[31maway\nplease \\ now, dear friend!"));

	(void)state;
	assert_int_equal(r.class, RESET_CLASS_TEXT);
	assert_string_equal(r.text, "go \\x1b[31maway\\x0aplease \\\\ now, dear friend!");
	assert_false(r.text_truncated);
}

static void clipped(void **state)
{
	static uint8_t text[600];
	struct reset_reading r;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[254] = '\n'; /* its escape would not fit whole */
	r = reading((struct bytes){ text, sizeof(text) });
	assert_true(r.text_truncated);
	assert_int_equal(strlen(r.text), 254);
	assert_int_equal(r.raw_len, READING_RAW_MAX);
}

static void other_classes(void **state)
{
	static uint8_t zeros[1000] = { 7 };

	(void)state;
	assert_int_equal(reading((struct bytes){ zeros, 0 }).class, RESET_CLASS_NONE);
	assert_int_equal(reading((struct bytes){ zeros, 1000 }).class, RESET_CLASS_PADDING);
	assert_int_equal(reading(unhex("00")).class, RESET_CLASS_PADDING);
	assert_int_equal(reading(unhex("07")).class, RESET_CLASS_BINARY);
	assert_int_equal(reading(unhex("0102030405060708090a")).class, RESET_CLASS_BINARY);
}

static void stages(void **state)
{
	struct packet p = { .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 101 };
	struct flow f = { .side = { { .syn = true, .seen = true, .isn = 100 },
				    { .seen = false } } };
	struct reset_reading r = { 0 };
	struct reset_circumstances c = { 0 };

	(void)state;
	p.seq = 1;
	reset_classify(&p, NULL, SIDE_RESPONDER, &c, &r);
	assert_int_equal(r.stage, STAGE_UNKNOWN);
	p.seq = 0;
	reset_classify(&p, NULL, SIDE_RESPONDER, &c, &r);
	assert_int_equal(r.stage, STAGE_SYN);
	assert_int_equal(r.kind, RESET_KIND_REFUSED);
	r = (struct reset_reading){ 0 };
	reset_classify(&p, &f, SIDE_RESPONDER, &c, &r);
	assert_int_equal(r.stage, STAGE_SYN);
	assert_int_equal(r.kind, RESET_KIND_REFUSED);
	f.side[SIDE_RESPONDER] = (struct flow_side){ .syn = true, .seen = true, .isn = 900 };
	r = (struct reset_reading){ 0 };
	reset_classify(&p, &f, SIDE_RESPONDER, &c, &r);
	assert_int_equal(r.stage, STAGE_HANDSHAKE);
	assert_int_equal(r.kind, RESET_KIND_UNKNOWN);
	f.side[SIDE_INITIATOR].acked = f.side[SIDE_INITIATOR].data = true;
	r = (struct reset_reading){ 0 };
	reset_classify(&p, &f, SIDE_RESPONDER, &c, &r);
	assert_int_equal(r.stage, STAGE_ESTABLISHED);
	assert_int_equal(r.kind, RESET_KIND_ABORT);
	f.side[SIDE_RESPONDER].fin = true;
	r = (struct reset_reading){ 0 };
	reset_classify(&p, &f, SIDE_INITIATOR, &c, &r);
	assert_int_equal(r.stage, STAGE_CLOSING);
	assert_string_equal(reset_stage_name(r.stage), "closing");
	assert_string_equal(reset_kind_name(r.kind), "abort");
	assert_string_equal(reset_class_name(RESET_CLASS_DIAG), "diag");
	assert_string_equal(reset_format_name(RESET_FORMAT_CBOR), "cbor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),     cmocka_unit_test(malformed_records),
		cmocka_unit_test(old_formats), cmocka_unit_test(sanitised),
		cmocka_unit_test(clipped),     cmocka_unit_test(other_classes),
		cmocka_unit_test(stages),
	};

	return cmocka_run_group_tests_name("reset_read", tests, NULL, NULL);
}
