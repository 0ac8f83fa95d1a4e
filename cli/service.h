/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager is told: by sd_notify(3), whose protocol is stable and meant to be implemented anywhere. */
#ifndef EPITAPH_CLI_SERVICE_H
#define EPITAPH_CLI_SERVICE_H

#include <stdint.h>

/* Tell @state, such as "READY=1", to who started us, if it wants to be told. */
void service_notify(const char *state);

/* How often it wants to hear that we are alive, in microseconds; 0: never. */
int64_t service_watchdog_us(void);

#endif
