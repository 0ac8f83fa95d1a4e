# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The lab: client - router - server, each a network namespace of its own, joined by veth pairs.
# Source it, then lab_up. All that runs is ended by pid, all that was made is removed, at exit.
#
#   client  10.8.0.2, fd00:8::2      lan0 - router - wan0      198.51.100.2, fd00:51::2  server
#
# lab_up TOPOLOGY, where TARGET4 and TARGET6 is what a client connects to:
#   plain     the router forwards
#   nat       and masquerades what leaves by wan0
#   dnat      what comes for the router itself goes to the server
#   both      both of these
#   hairpin   the server is in the client's own network, and reached through the router's address
#   bridge    the router is a bridge without an address, the ends share a network
#   asym      the server's answers take another way, past the router
#   pair      two routers, $ROUTER and $SPARE, between switches; the ends' gateways are 10.8.0.1 and 198.51.100.1, which
#             neither has yet
#   world     two cables on either side, for packets that are made up: by lan0 goes the lower half of 10.1.0.0/28
#             and fd00:1::/124, by lan1 the upper; by wan0 and wan1 the halves of 10.2.0.0/28 and fd00:2::/124

LAB_BUILD=${LAB_BUILD:-build}
EPITAPH=$(realpath "$LAB_BUILD/epitaph")
PEER=$(realpath "$LAB_BUILD/tests/peer")
PLANLAB=$(realpath "$LAB_BUILD/tests/planlab")
LAB_ID=epi$$
CLIENT=$LAB_ID-client ROUTER=$LAB_ID-router SERVER=$LAB_ID-server
CLIENT4=10.8.0.2 ROUTER4=10.8.0.1 WAN4=198.51.100.1 SERVER4=198.51.100.2
CLIENT6=fd00:8::2 SERVER6=fd00:51::2
SWITCH=$LAB_ID-switch SPARE=$LAB_ID-spare
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

# Every event of every test holds to the schema.
lab_validate() {
	local file
	[ -x /usr/bin/python3 ] || return 0 # in a VM: the same tests are run outside, where there is one
	for file in "$LAB_DIR"/events* "$LAB_DIR"/watched "$LAB_DIR"/routed; do
		[ -f "$file" ] && [ -s "$file" ] || continue
		expect "events hold to their schema ($(basename "$file"))" /usr/bin/python3 tests/validate "$file"
	done
}

lab_down() {
	local pid ns
	for pid in "${LAB_PIDS[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	LAB_PIDS=()
	lab_validate
	for ns in "$CLIENT" "$ROUTER" "$SERVER" "$SWITCH" "$SPARE"; do
		ip netns del "$ns" 2>/dev/null
	done
	rm -rf "$LAB_DIR"
}

# Run in the background, to be ended at exit: background NAMESPACE LOGFILE COMMAND...
# The pid is in $!, of the command itself: ip netns exec replaces itself.
background() {
	local ns=$1 log=$2
	shift 2
	: >"$log" # before it is looked at: the one in the background may come to it late
	: >"$log.err"
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
	[ "$(for ns in "$CLIENT" "$ROUTER" "$SERVER"; do ip -n "$ns" -o link show up; done | grep -c 'state UP')" -ge "$1" ]
}

# A cable between two namespaces: cable NAMESPACE INTERFACE NAMESPACE INTERFACE
cable() {
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# An end's interface: end_address NAMESPACE INTERFACE IPV4 IPV6 [GATEWAY4 GATEWAY6]
end_address() {
	ip -n "$1" addr add "$3/24" dev "$2"
	ip -n "$1" addr add "$4/64" dev "$2" nodad
	[ $# -gt 4 ] || return 0
	ip -n "$1" route add default via "$5"
	ip -n "$1" -6 route add default via "$6"
}

routed_links() {
	cable "$CLIENT" eth0 "$ROUTER" lan0
	cable "$SERVER" eth0 "$ROUTER" wan0
	end_address "$CLIENT" eth0 $CLIENT4 $CLIENT6 $ROUTER4 fd00:8::1
	end_address "$SERVER" eth0 $SERVER4 $SERVER6 $WAN4 fd00:51::1
	end_address "$ROUTER" lan0 $ROUTER4 fd00:8::1
	end_address "$ROUTER" wan0 $WAN4 fd00:51::1
	on_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

hairpin_links() {
	local port
	SERVER4=10.8.0.3 SERVER6=fd00:8::3
	ip netns add "$SWITCH"
	ip -n "$SWITCH" link add br0 up type bridge
	cable "$CLIENT" eth0 "$SWITCH" c0
	cable "$SERVER" eth0 "$SWITCH" s0
	cable "$ROUTER" lan0 "$SWITCH" r0
	for port in c0 s0 r0; do ip -n "$SWITCH" link set $port master br0; done
	ip netns exec "$SWITCH" sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null
	end_address "$CLIENT" eth0 $CLIENT4 $CLIENT6 $ROUTER4 fd00:8::1
	end_address "$SERVER" eth0 $SERVER4 $SERVER6 $ROUTER4 fd00:8::1
	end_address "$ROUTER" lan0 $ROUTER4 fd00:8::1
	on_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

bridged_links() {
	SERVER4=10.8.0.3 SERVER6=fd00:8::3
	cable "$CLIENT" eth0 "$ROUTER" lan0
	cable "$SERVER" eth0 "$ROUTER" wan0
	ip -n "$ROUTER" link add br0 up type bridge
	ip -n "$ROUTER" link set lan0 master br0
	ip -n "$ROUTER" link set wan0 master br0
	end_address "$CLIENT" eth0 $CLIENT4 $CLIENT6
	end_address "$SERVER" eth0 $SERVER4 $SERVER6
	on_router sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
}

# A second cable, by which alone the server reaches the client.
second_way() {
	cable "$CLIENT" eth1 "$SERVER" eth1
	ip netns exec "$CLIENT" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0
	ip -n "$SERVER" route add $CLIENT4/32 dev eth1 src $SERVER4
	ip -n "$SERVER" -6 route add $CLIENT6/128 dev eth1 src $SERVER6
	ip -n "$SERVER" -6 neigh add $CLIENT6 dev eth1 lladdr "$(ip -n "$CLIENT" -j link show eth1 | jq -r '.[0].address')"
}

pair_links() {
	local n=0 side router
	ip netns add "$SPARE" && ip netns add "$SWITCH"
	for side in lan wan; do ip -n "$SWITCH" link add $side up type bridge; done
	ip netns exec "$SWITCH" sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null
	cable "$CLIENT" eth0 "$SWITCH" client && ip -n "$SWITCH" link set client master lan
	cable "$SERVER" eth0 "$SWITCH" server && ip -n "$SWITCH" link set server master wan
	end_address "$CLIENT" eth0 $CLIENT4 $CLIENT6
	end_address "$SERVER" eth0 $SERVER4 $SERVER6
	ip -n "$CLIENT" route add default via $ROUTER4
	ip -n "$SERVER" route add default via $WAN4
	cable "$ROUTER" sync0 "$SPARE" sync0
	for router in "$ROUTER" "$SPARE"; do
		n=$((n + 1))
		ip -n "$router" link set lo up
		for side in lan wan; do
			cable "$router" ${side}0 "$SWITCH" $side$n
			ip -n "$SWITCH" link set $side$n master $side
		done
		ip -n "$router" addr add 10.8.0.25$n/24 dev lan0
		ip -n "$router" addr add 198.51.100.25$n/24 dev wan0
		ip -n "$router" addr add 192.168.255.$n/24 dev sync0
		ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1
	done
}

world_links() {
	local i
	on_router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	for i in 0 1; do
		cable "$CLIENT" eth$i "$ROUTER" lan$i
		cable "$SERVER" eth$i "$ROUTER" wan$i
		ip -n "$ROUTER" link set lan$i arp off
		ip -n "$ROUTER" link set wan$i arp off
		ip -n "$ROUTER" route add 10.1.0.$((8 * i))/29 dev lan$i
		ip -n "$ROUTER" route add 10.2.0.$((8 * i))/29 dev wan$i
		ip -n "$ROUTER" route add fd00:1::$((8 * i))/125 dev lan$i
		ip -n "$ROUTER" route add fd00:2::$((8 * i))/125 dev wan$i
	done
}

# Translation on the router: what comes for it by lan0 goes to the server; what leaves by $1 is masqueraded.
translate_target() {
	TARGET4=$ROUTER4 TARGET6=fd00:8::1
	on_router nft -f - <<-NFT
		table inet lab {
			chain pre {
				type nat hook prerouting priority -100;
				iifname "lan0" ip daddr $ROUTER4 meta l4proto { tcp, udp } dnat ip to $SERVER4
				iifname "lan0" ip6 daddr fd00:8::1 meta l4proto { tcp, udp } dnat ip6 to $SERVER6
			}
		}
	NFT
}
masquerade() { # INTERFACE
	on_router nft -f - <<-NFT
		table inet lab {
			chain post {
				type nat hook postrouting priority 100;
				oifname "$1" masquerade
			}
		}
	NFT
}

lab_up() { # TOPOLOGY
	local ns links=2
	trap lab_down EXIT
	trap 'exit 1' INT TERM
	lab_sweep
	for ns in "$CLIENT" "$ROUTER" "$SERVER"; do
		ip netns add "$ns" || return 1
		ip -n "$ns" link set lo up
	done
	case ${1:-plain} in
	plain) routed_links ;;
	nat) routed_links && masquerade wan0 ;;
	dnat) routed_links && translate_target ;;
	both) routed_links && translate_target && masquerade wan0 ;;
	hairpin) hairpin_links && translate_target && masquerade lan0 && links=1 ;;
	bridge) bridged_links ;;
	asym) routed_links && second_way && links=4 ;;
	pair) pair_links && links=3 ;;
	world) world_links && links=6 ;;
	*) echo "no topology is called $1" >&2 && return 1 ;;
	esac || return 1
	TARGET4=${TARGET4:-$SERVER4} TARGET6=${TARGET6:-$SERVER6}
	wait_for lab_links_up $((links + 2)) || { echo "the lab's links do not come up" >&2; return 1; }
}

# Start the daemon on the router with the policy on standard input; events in $LAB_DIR/events.
# Further arguments go to it.
daemon_start() {
	cat >"$LAB_DIR/policy.conf"
	background "$ROUTER" "$LAB_DIR/daemon" "$EPITAPH" run -c "$LAB_DIR/policy.conf" \
		-e "$LAB_DIR/events" "$@"
	DAEMON=$!
	WAIT=60 wait_for eval 'grep -q "policy 1 in force" "$LAB_DIR/daemon.err" || ! kill -0 $DAEMON'
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

# What the last client of the lab printed has a line like this.
got() { grep -qE "$1" "$LAB_DIR/out" || { cat "$LAB_DIR/out" && return 1; }; }

# Whether a client's connection ends so: ends ERROR ARGUMENTS...
ends() {
	local how=$1 wait=3000
	shift
	[ "$how" != ETIMEDOUT ] || wait=400 # that nothing comes is known soon; what comes may be slow
	on_client "$PEER" --verbose --wait $wait "$@" >"$LAB_DIR/out" 2>&1
	got "^end $how "
}

# The router drops what it would send itself and conntrack calls invalid.
careful_router() {
	on_router nft 'add table inet care; add chain inet care out { type filter hook output priority 0; };
		add rule inet care out ct state invalid counter drop'
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
