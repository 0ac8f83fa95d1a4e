# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian kernels and QEMU, downloaded by apt into $vm; nothing is installed. Source it with vm set.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# A private apt: its own sources and state, the host's keyring. FROM is for packages by suite.
apt_private() { # SUITE COMMAND...
	local suite=$1
	shift
	"$1" -o Dir::Etc::sourcelist="$vm/$suite.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$vm/lists-$suite" -o Dir::Cache="$vm/cache-$suite" -o APT::Sandbox::User=root "${@:2}"
}
suite_update() { # SUITE RELEASE...
	local suite=$1
	shift
	[ -e "$vm/$suite.done" ] && return 0
	mkdir -p "$vm/lists-$suite/partial" "$vm/cache-$suite/archives/partial"
	printf "deb [signed-by=$keyring] $mirror %s main\n" "$@" >"$vm/$suite.list"
	apt_private "$suite" apt-get -qq update && touch "$vm/$suite.done"
}
fetch() { # SUITE DESTINATION PACKAGE...: download and unpack
	local suite=$1 to=$2 dir
	shift 2
	dir=$(mktemp -d "$vm/fetch.XXXX")
	(cd "$dir" && apt_private "$suite" apt-get -qq download "$@") || return 1
	mkdir -p "$to"
	for deb in "$dir"/*.deb; do dpkg-deb -x "$deb" "$to" || return 1; done
	rm -rf "$dir"
}

# QEMU 10: bookworm's 7.2 crashes when it emulates newer kernels.
download_qemu() {
	[ -x "$vm/qemu/usr/bin/qemu-system-x86_64" ] && return 0
	if [ "$(. /etc/os-release && echo "$VERSION_ID")" = 12 ]; then
		suite_update qemu bookworm bookworm-backports || return 1
		# shellcheck disable=SC2046 # one word for each package
		fetch qemu "$vm/qemu" $(apt_private qemu apt-get -s -t bookworm-backports install --no-install-recommends \
			qemu-system-x86 2>/dev/null | awk '$1 == "Inst" {v = $3; sub(/^\(/, "", v); print $2 "=" v}')
	else
		suite_update qemu "$(. /etc/os-release && echo "$VERSION_CODENAME")" || return 1
		# shellcheck disable=SC2046
		fetch qemu "$vm/qemu" $(apt_private qemu apt-get -s install --no-install-recommends \
			qemu-system-x86 2>/dev/null | awk '$1 == "Inst" {v = $3; sub(/^\(/, "", v); print $2 "=" v}')
	fi
}

# Unpack the kernel of this name into $vm/kernel-NAME.
download_kernel() {
	local suite release image
	[ -d "$vm/kernel-$1/lib/modules" ] && return 0
	case $1 in
	5.10) suite=bullseye release=bullseye ;;
	6.1) suite=bookworm release=bookworm ;;
	6.12) suite=trixie release=trixie ;;
	newest) suite=sid release=sid ;;
	*)
		echo "no kernel is called '$1': 5.10, 6.1, 6.12, newest" >&2
		return 1
		;;
	esac
	suite_update $suite $release || return 1
	image=$(apt_private $suite apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ {print $2; exit}')
	[ -n "$image" ] || return 1
	# Newer kernels come in three packages.
	# shellcheck disable=SC2046
	fetch $suite "$vm/kernel-$1" "$image" $(apt_private $suite apt-cache depends "$image" 2>/dev/null |
		awk '/Depends: linux-(binary|modules|base)-/ {print $2}')
}

# One at a time: others may want the same.
get_qemu() { (flock 9 && download_qemu) 9>"$vm/lock"; }
get_kernel() { (flock 9 && download_kernel "$1") 9>"$vm/lock"; }

# Boot a kernel until it powers off: boot KERNEL INITRAMFS MEGABYTES SERIAL [APPEND]; what it says is in the file SERIAL.
boot() {
	local image
	image=$(find "$vm/kernel-$1/" -name "vmlinuz*" | head -n 1)
	rm -f "$4"
	LD_LIBRARY_PATH=$vm/qemu/usr/lib/x86_64-linux-gnu:$vm/qemu/lib/x86_64-linux-gnu timeout "${VM_TIMEOUT:-1500}" \
		"$vm/qemu/usr/bin/qemu-system-x86_64" -L "$vm/qemu/usr/share/qemu" -L "$vm/qemu/usr/share/seabios" \
		-accel tcg -cpu qemu64 -smp 2 -m "$3" -M pc -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$image" -initrd "$2" -serial "file:$4" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off no_timer_check tsc=reliable nokaslr audit=0 apparmor=0 ${5:-}" \
		>"$vm/qemu-$1.log" 2>&1 </dev/null
}
