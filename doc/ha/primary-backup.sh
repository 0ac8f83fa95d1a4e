#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What conntrackd does when keepalived says what this gateway is now: primary, backup or fault. As in conntrack-tools' own example.
conntrackd=${CONNTRACKD:-/usr/sbin/conntrackd} config=${CONNTRACKD_CONFIG:-/etc/conntrackd/conntrackd.conf}
ask() { "$conntrackd" -C "$config" "$@"; }

case "$1" in
primary)
	ask -c # what the other gateway told: into the kernel
	ask -f # and away with it
	ask -R # what is in the kernel: into the cache
	ask -B # and to the other gateway
	;;
backup)
	ask -t # entries that nobody ends any more go
	ask -n # ask for all that the other one has
	;;
fault)
	ask -t
	;;
*)
	echo "primary, backup or fault" >&2
	exit 1
	;;
esac
