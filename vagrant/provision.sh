#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Make this machine one of the lab: provision.sh client|router|server, as root. The tree is in /epitaph, or where
# EPITAPH_TREE says. May be run again.
set -eu
role=$1
tree=${EPITAPH_TREE:-/epitaph}
export DEBIAN_FRONTEND=noninteractive

# The package: one that lies there, else it is built here.
install_package() {
	deb=$(ls "$tree"/build/package/epitaph_*.deb 2>/dev/null | tail -n 1)
	if [ -z "$deb" ]; then
		echo "building the package"
		apt-get install -y -qq --no-install-recommends build-essential devscripts equivs lintian git cpio >/dev/null
		(cd /tmp && mk-build-deps -i -r -t "apt-get -y -qq --no-install-recommends" "$tree/debian/control" >/dev/null)
		rm -rf /tmp/epitaph-build && cp -r "$tree" /tmp/epitaph-build
		(cd /tmp/epitaph-build && make -s clean && dpkg-buildpackage -us -uc -b >/tmp/epitaph-build.log 2>&1) || {
			tail -n 20 /tmp/epitaph-build.log
			exit 1
		}
		deb=$(ls /tmp/epitaph_*.deb | tail -n 1)
	fi
	apt-get install -y -qq --no-install-recommends "$deb" >/dev/null
}

apt-get update -qq || echo "packages cannot be updated; going on with what is there"
apt-get install -y -qq --no-install-recommends curl openssl python3 nftables >/dev/null
install_package

case $role in
router)
	printf 'net.ipv4.ip_forward=1\nnet.ipv6.conf.all.forwarding=1\n' >/etc/sysctl.d/90-epitaph-lab.conf
	sysctl -qp /etc/sysctl.d/90-epitaph-lab.conf
	install -m 644 "$tree/vagrant/router.conf" /etc/epitaph/epitaph.conf
	epitaph check --werror /etc/epitaph/epitaph.conf
	systemctl enable -q epitaph-rules epitaph
	systemctl restart epitaph
	;;
client)
	ip route replace 198.51.100.0/24 via 10.8.0.254
	grep -q social.example /etc/hosts || echo "198.51.100.2 server www.social.example www.good.example" >>/etc/hosts
	;;
server)
	ip route replace 10.8.0.0/24 via 198.51.100.254
	install -d /opt/epitaph-lab
	install -m 755 "$tree/vagrant/server.py" /opt/epitaph-lab/
	[ -e /opt/epitaph-lab/key.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=server" \
		-keyout /opt/epitaph-lab/key.pem -out /opt/epitaph-lab/cert.pem 2>/dev/null
	install -m 644 "$tree/vagrant/epitaph-lab-server.service" /etc/systemd/system/
	systemctl daemon-reload
	systemctl enable -q epitaph-lab-server
	systemctl restart epitaph-lab-server
	;;
*)
	echo "a machine is client, router or server" >&2
	exit 2
	;;
esac
echo "$role is ready"
