# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The lab: client - router - server, each a network namespace of its own, joined by veth pairs.
# Source it, then lab_up. All that runs is ended by pid, all that was made is removed, at exit.
#
#   client  10.8.0.2, fd00:8::2      lan0 - router - wan0      198.51.100.2, fd00:51::2  server
#
# The router masquerades what leaves by wan0 (lab_up nat) or not (lab_up plain).

LAB_BUILD=${LAB_BUILD:-build}
EPITAPH=$(realpath "$LAB_BUILD/epitaph")
PEER=$(realpath "$LAB_BUILD/tests/peer")
LAB_ID=epi$$
CLIENT=$LAB_ID-client ROUTER=$LAB_ID-router SERVER=$LAB_ID-server
CLIENT4=10.8.0.2 ROUTER4=10.8.0.1 WAN4=198.51.100.1 SERVER4=198.51.100.2
CLIENT6=fd00:8::2 SERVER6=fd00:51::2
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/epitaph-lab.XXXXXX")
LAB_PIDS=()
DAEMON=

on_client() { ip netns exec "$CLIENT" "$@"; }
on_router() { ip netns exec "$ROUTER" "$@"; }
on_server() { ip netns exec "$SERVER" "$@"; }

# What an earlier lab left whose shell is gone.
lab_sweep() {
	local ns pid
	for ns in $(ip netns list | awk '/^epi[0-9]+-/ {print $1}'); do
		pid=${ns#epi} pid=${pid%%-*}
		[ -d "/proc/$pid" ] || ip netns del "$ns" 2>/dev/null
	done
}

lab_down() {
	local pid ns
	for pid in "${LAB_PIDS[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	LAB_PIDS=()
	for ns in "$CLIENT" "$ROUTER" "$SERVER"; do
		ip netns del "$ns" 2>/dev/null
	done
	rm -rf "$LAB_DIR"
}

# Run in the background, to be ended at exit: background NAMESPACE LOGFILE COMMAND...
# The pid is in $!, of the command itself: ip netns exec replaces itself.
background() {
	local ns=$1 log=$2
	shift 2
	ip netns exec "$ns" "$@" >"$log" 2>"$log.err" &
	LAB_PIDS+=($!)
}

# Wait up to 5 s (or $WAIT) until a command succeeds.
wait_for() {
	local i
	for ((i = 0; i < ${WAIT:-5} * 50; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	return 1
}

lab_links_up() {
	[ "$(on_router ip -o link show up | grep -c 'state UP')" = 2 ]
}

lab_up() {
	local ns
	trap lab_down EXIT
	trap 'exit 1' INT TERM
	lab_sweep
	for ns in "$CLIENT" "$ROUTER" "$SERVER"; do
		ip netns add "$ns" || return 1
		ip -n "$ns" link set lo up
	done
	ip -n "$CLIENT" link add eth0 type veth peer name lan0 netns "$ROUTER"
	ip -n "$SERVER" link add eth0 type veth peer name wan0 netns "$ROUTER"
	ip -n "$CLIENT" addr add $CLIENT4/24 dev eth0
	ip -n "$CLIENT" addr add $CLIENT6/64 dev eth0 nodad
	ip -n "$SERVER" addr add $SERVER4/24 dev eth0
	ip -n "$SERVER" addr add $SERVER6/64 dev eth0 nodad
	ip -n "$ROUTER" addr add $ROUTER4/24 dev lan0
	ip -n "$ROUTER" addr add fd00:8::1/64 dev lan0 nodad
	ip -n "$ROUTER" addr add $WAN4/24 dev wan0
	ip -n "$ROUTER" addr add fd00:51::1/64 dev wan0 nodad
	for ns in "$CLIENT" "$SERVER"; do ip -n "$ns" link set eth0 up; done
	ip -n "$ROUTER" link set lan0 up
	ip -n "$ROUTER" link set wan0 up
	ip -n "$CLIENT" route add default via $ROUTER4
	ip -n "$CLIENT" -6 route add default via fd00:8::1
	ip -n "$SERVER" route add default via $WAN4
	ip -n "$SERVER" -6 route add default via fd00:51::1
	on_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	if [ "${1:-plain}" = nat ]; then
		on_router nft -f - <<-NFT
			table inet lab {
				chain post {
					type nat hook postrouting priority 100;
					oifname "wan0" masquerade
				}
			}
		NFT
	fi
	wait_for lab_links_up || { echo "the lab's links do not come up" >&2; return 1; }
}

# Start the daemon on the router with the policy on standard input; events in $LAB_DIR/events.
# Further arguments go to it.
daemon_start() {
	cat >"$LAB_DIR/policy.conf"
	background "$ROUTER" "$LAB_DIR/daemon" "$EPITAPH" run -c "$LAB_DIR/policy.conf" \
		-e "$LAB_DIR/events" "$@"
	DAEMON=$!
	WAIT=15 wait_for eval 'grep -q "policy 1 in force" "$LAB_DIR/daemon.err" || ! kill -0 $DAEMON'
	grep -q 'policy 1 in force' "$LAB_DIR/daemon.err" && return 0
	cat "$LAB_DIR/daemon.err" >&2
	return 1
}

# End it, and return its exit code; when that is not 0, say what it said.
daemon_stop() {
	local pid=$DAEMON rc
	DAEMON=
	kill "$pid"
	wait "$pid"
	rc=$?
	[ $rc = 0 ] || tail -n 40 "$LAB_DIR/daemon.err"
	return $rc
}

# Start a server of the lab: server_start NAME ARGUMENTS...; what it says is in $LAB_DIR/NAME.
server_start() {
	local name=$1
	shift
	background "$SERVER" "$LAB_DIR/$name" "$PEER" "$@"
	wait_for grep -q listening "$LAB_DIR/$name"
}

# Capture TCP resets of a namespace's interface into a file until the lab goes down.
capture_start() {
	background "$1" "$LAB_DIR/tcpdump-$1" tcpdump -Z root -U -n -i eth0 -w "$2" "${3:-tcp}"
	wait_for grep -q listening "$LAB_DIR/tcpdump-$1.err"
}

# How many events a jq condition holds for; and whether there is one.
count_events() { jq -c "select($1)" "$LAB_DIR/events" | wc -l; }
has_event() { [ "$(count_events "$1")" -gt 0 ]; }

# --- results, as TAP lines ---

TAP_COUNT=0
ok() { TAP_COUNT=$((TAP_COUNT + 1)); echo "ok $TAP_COUNT - $1"; }
not_ok() { TAP_COUNT=$((TAP_COUNT + 1)); echo "not ok $TAP_COUNT - $1"; }
skip() { TAP_COUNT=$((TAP_COUNT + 1)); echo "ok $TAP_COUNT - $1 # SKIP $2"; }
# expect NAME COMMAND...: one result; on failure what the command printed follows as a comment. The
# command runs in this shell, so that it can start and wait for what runs beside it.
expect() {
	local name=$1
	shift
	if "$@" >"$LAB_DIR/said" 2>&1; then ok "$name"; else
		not_ok "$name"
		tail -n 40 "$LAB_DIR/said" | sed 's/^/# /'
	fi
}
