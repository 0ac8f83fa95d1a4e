/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server whose TCP is lwIP, on a tap device: lwip ADDRESS GATEWAY; the environment names the device
 * (PRECONFIGURED_TAPIF). What a connection does depends on its port:
 *   7000  reads all
 *   7001  reads nothing
 *   7002  reads nothing, and says CUTME after a while
 *   7003  closes its direction at once, and reads
 * Prints "port N ends E" when a connection ends, E being errno by its usual number (0: the peer closed).
 */
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { FIRST_PORT = 7000, PORTS = 4, SAY_AFTER_MS = 500, LOOK_EACH_MS = 20 };

static int accept_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = lwip_htons(port) };
	int listener = lwip_socket(AF_INET, SOCK_STREAM, 0);

	if (lwip_bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || lwip_listen(listener, 1) != 0)
		return -1;
	return listener;
}

/* Wait for an error without reading, and return it; say the mark after a while if asked. */
static int watch(int fd, bool speaks)
{
	int error = 0;

	for (unsigned ms = 0; error == 0; ms += LOOK_EACH_MS) {
		socklen_t len = sizeof(error);

		if (speaks && ms == SAY_AFTER_MS)
			lwip_write(fd, "CUTME", 5);
		sys_msleep(LOOK_EACH_MS);
		lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	return error;
}

static int read_all(int fd)
{
	char buffer[2048];
	ssize_t n;

	while ((n = lwip_read(fd, buffer, sizeof(buffer))) > 0)
		;
	return n == 0 ? 0 : errno;
}

static void serve(void *arg)
{
	uint16_t port = (uint16_t)(FIRST_PORT + (intptr_t)arg);
	int listener = accept_on(port), fd, error;

	while ((fd = lwip_accept(listener, NULL, NULL)) >= 0) {
		if (port == 7003)
			lwip_shutdown(fd, SHUT_WR);
		error = port == 7000 || port == 7003 ? read_all(fd) : watch(fd, port == 7002);
		printf("port %u ends %d\n", port, error);
		fflush(stdout);
		lwip_close(fd);
	}
}

static void ready(void *arg)
{
	sys_sem_signal(arg);
}

int main(int argc, char **argv)
{
	static struct netif netif;
	ip4_addr_t address, mask, gateway;
	sys_sem_t started;

	if (argc != 3 || !ip4addr_aton(argv[1], &address) || !ip4addr_aton(argv[2], &gateway))
		return 2;
	IP4_ADDR(&mask, 255, 255, 255, 0);
	sys_sem_new(&started, 0);
	tcpip_init(ready, &started);
	sys_sem_wait(&started);
	LOCK_TCPIP_CORE();
	netif_add(&netif, &address, &mask, &gateway, NULL, tapif_init, tcpip_input);
	netif_set_default(&netif);
	netif_set_up(&netif);
	netif_set_link_up(&netif);
	UNLOCK_TCPIP_CORE();
	for (intptr_t i = 0; i < PORTS; i++)
		sys_thread_new("port", serve, (void *)i, 0, 0);
	printf("listening\n");
	fflush(stdout);
	for (;;)
		sys_msleep(1000);
}
