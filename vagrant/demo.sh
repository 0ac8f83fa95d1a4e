#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What epitaph does, step by step, on the machines of the lab. Exits 1 when a step does not go as told. DEMO_AT is a command
# that runs another on a machine, as COMMAND MACHINE SCRIPT; without it 'vagrant ssh' does.
set -u
cd "$(dirname "$0")" || exit 1
server=198.51.100.2
wrong=0

at() { # MACHINE SCRIPT
	if [ -n "${DEMO_AT:-}" ]; then "$DEMO_AT" "$1" "$2"; else vagrant ssh "$1" -c "$2" </dev/null 2>/dev/null | tr -d '\r'; fi
}
step() { printf '\n== %s\n' "$1"; }
# Run a script on a machine, show it and what it says, and see that this has a line with PATTERN.
see() { # MACHINE PATTERN SCRIPT
	printf '%s$ %s\n' "$1" "$3"
	said=$(at "$1" "$3" 2>&1)
	printf '%s\n' "$said" | sed 's/^/    /'
	printf '%s\n' "$said" | grep -qE -- "$2" && return
	echo "    !! that should have said: $2"
	wrong=$((wrong + 1))
}

step "the router enforces a policy"
see router 'active' 'systemctl is-active epitaph'
see router 'in force: generation' 'sudo epitaph status'

step "what it does not forbid works"
see client 'hello from the server' "curl -sS -m 5 http://$server/"
see client 'hello from the server' "curl -sSk -m 5 --resolve www.good.example:443:$server https://www.good.example/"

step "a blocked port: the client is told at once, and why"
see client 'Failed to connect|refused' "curl -sS -m 5 telnet://$server:25 </dev/null 2>&1"
see client 'R=smtp-out ask the mail host' "sudo epitaph why -- curl -sS -m 5 telnet://$server:25 </dev/null 2>&1"

step "a blocked name: a TLS connection is cut when the client says whom it calls"
see client 'reset by peer|R=social' "sudo epitaph why -- curl -sSk -m 5 --resolve www.social.example:443:$server https://www.social.example/ 2>&1"

step "the server sees it, too"
at server "sudo timeout 20 epitaph watch -n 1 >/tmp/watched 2>&1 </dev/null" &
sleep "${DEMO_PAUSE:-4}"
at client "curl -sSk -m 5 --resolve www.social.example:443:$server https://www.social.example/ 2>/dev/null"
wait
see server 'R=social .social.example is not for working hours' "cat /tmp/watched # sudo epitaph watch -n 1"

step "the router's log has it, and explains it"
see router '"rule":"social"' "sudo tail -n 20 /var/log/epitaph/events.json | grep '\"event_type\":\"block\"' | tail -n 1"
see router 'router.conf|epitaph.conf' "sudo epitaph explain 'R=social' | head -n 12"

step "a device that says itself why it refuses: its text passes, and is logged"
see client 'closed for maintenance until 18:00' "sudo epitaph why -- curl -sS -m 5 telnet://$server:7777 </dev/null 2>&1"
see router 'closed for maintenance' "sleep 1; sudo grep '\"event_type\":\"reset\"' /var/log/epitaph/events.json | tail -n 1"

step "the policy is edited: port 8080 is forbidden, too"
see client 'hello from the server' "curl -sS -m 5 http://$server:8080/"
see router 'added.* proxies|added: proxies' "sudo sed -i 's/^    smtp-out:/    proxies:  tcp dport 8080 reset\n    smtp-out:/' /etc/epitaph/epitaph.conf && sudo epitaph reload"
see client 'R=proxies' "sudo epitaph why -- curl -sS -m 5 http://$server:8080/ 2>&1"

step "an edit with a mistake: it is refused, and what was in force stays"
see router 'unknown|expected' "sudo cp /etc/epitaph/epitaph.conf /tmp/good.conf; sudo sed -i 's/tcp dport 25/tpc dport 25/' /etc/epitaph/epitaph.conf; sudo epitaph reload 2>&1; sudo cp /tmp/good.conf /etc/epitaph/epitaph.conf"
see client 'R=proxies' "sudo epitaph why -- curl -sS -m 5 http://$server:8080/ 2>&1"

step "an exception for this client, for half an hour"
see router 'does not hold for 10.8.0.2' "sudo epitaph allow proxies --src 10.8.0.2 --for 30m --why 'shown in the demo'"
see client 'hello from the server' "curl -sS -m 5 http://$server:8080/"
see router 'holds for 10.8.0.2 again' "sudo epitaph allow --end \$(sudo epitaph allow --list | cut -d' ' -f1)"

step "the policy as it was"
see router 'removed.* proxies' "sudo sed -i '/proxies:/d' /etc/epitaph/epitaph.conf && sudo epitaph reload"

echo
if [ $wrong = 0 ]; then echo "every step went as told"; else
	echo "$wrong steps did not go as told"
	exit 1
fi
