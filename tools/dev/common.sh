# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by tools/check, tools/quickstart and others: packages, build directories, stages. Bash
# sources it with `set -eu`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)

# The default clang of each Debian release; gcc needs no number. Debian 12 and 13 share every other
# package name except clang-format: its versions format some code differently, and the tree uses
# that of Debian 12.
case $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) in
bookworm) llvm=14 packages_format=(clang-format-14) packages_tidy=(clang-tidy-14) ;;
*) llvm=19 packages_format=() packages_tidy=() ;;
esac
clang=clang-$llvm

# Packages for a build, and those that the checks need in addition.
packages_build=(gcc libc6-dev meson ninja-build pkgconf protobuf-c-compiler libprotobuf-c-dev libevent-dev
    libopenblas-serial-dev libinih-dev libjansson-dev libssl-dev zlib1g-dev
    libbz2-dev liblzma-dev libzstd-dev libpcap-dev libsystemd-dev)
packages_check=(binutils "$clang" "libclang-rt-$llvm-dev" "${packages_format[@]}" "${packages_tidy[@]}" libcmocka-dev protobuf-compiler mandoc python3
    openssl python3-jsonschema python3-numpy python3-protobuf minisign rsyslog rsyslog-openssl curl unzip xz-utils zstd systemd
    strace iproute2 jq zsh)
packages_package=(git build-essential lintian blhc devscripts) # in addition to debian/control

bold='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
fi

die() {
    printf '%s%s%s\n' "$red" "$1" "$plain" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 1
}

# stage NAME COMMAND...: runs COMMAND with its output in $logs/NAME.log. Prints the time it took
# and, on failure, the end of the log.
stage() {
    local name=$1 log=$logs/$1.log t0=$SECONDS
    shift
    printf '%s%-12s%s ' "$bold" "$name" "$plain"
    note=''
    if "$@" >"$log" 2>&1 </dev/null; then
        printf '%3d s  %s\n' $((SECONDS - t0)) "${note:-done}"
    else
        printf '%3d s  %sFAILED%s  %s\n' $((SECONDS - t0)) "$red" "$plain" "$note"
        tail -n 40 "$log" | sed 's/^/    | /'
        printf '    whole log: %s\n' "$log"
        return 1
    fi
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
    local have
    have=" $(dpkg-query -W -f='${db:Status-Status}:${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed://p' |
        tr '\n' ' ')"
    for p in "$@"; do
        case $have in *" $p "*) ;; *) printf '%s\n' "$p" ;; esac
    done
}

# need_packages PACKAGE...: installs missing packages, or prints the command that does.
need_packages() {
    command -v dpkg-query >/dev/null ||
        die 'This needs Debian 12 or 13. On another system, install the equivalents of these and build with meson:' "  $*"
    local missing hand
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        printf '%s%-12s%s   0 s  all %d installed\n' "$bold" packages "$plain" $#
        return
    fi
    hand="  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    [ "$(id -u)" -eq 0 ] ||
        die "${#missing[@]} packages are missing, and only root can install them. As root, run:" "$hand"
    stage packages install_packages "${missing[@]}" ||
        die "Could not install packages: is this machine online? They can also be installed by hand:" "$hand"
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=20)
    "${apt[@]}" update # if this fails, the old package lists may be enough
    "${apt[@]}" install -y --no-install-recommends "$@" || return 1
    note="$# installed"
}

# configure DIRECTORY COMPILER OPTION...: sets up a build directory, again if its path, its options
# or a tool's version changed.
configure() {
    local dir=$1 cc=$2 stamp
    shift 2
    stamp="$root|$dir|$*|$("$cc" --version | head -n 1)|$(meson --version)"
    if [ "$(cat "$dir/.stamp" 2>/dev/null)" != "$stamp" ] || [ ! -f "$dir/build.ninja" ]; then
        rm -rf "$dir"
        env -u CFLAGS -u CPPFLAGS -u LDFLAGS CC="$cc" meson setup "$@" "$dir" "$root" || return 1
        printf '%s\n' "$stamp" >"$dir/.stamp"
    fi
}

# Prints the directory of the data sets: $GANAD_DATA, else ../shared/data, else that of
# tools/fetch-data. Fails without any.
find_data() {
    local d
    for d in "${GANAD_DATA:-$root/../shared/data}" "$root/data"; do
        [ ! -d "$d" ] || { cd "$d" && pwd && return; }
    done
    return 1
}

# make_chroot SUITE MMDEBSTRAP-OPTION...: makes a minimal root file system of that Debian in
# $chroot, with a clone of the last commit in its /src/ganad. It is removed when the script ends;
# KEEP=1 keeps it.
make_chroot() {
    local d f suite=$1
    shift
    [ "$(id -u)" -eq 0 ] || die 'Only root can make a root file system.'
    command -v mmdebstrap >/dev/null && command -v git >/dev/null || die 'This needs the packages mmdebstrap and git.'
    chroot=$(mktemp -d /var/tmp/ganad-chroot.XXXXXX)
    trap remove_chroot EXIT
    printf 'making a root of %s in %s ...\n' "$suite" "$chroot"
    mmdebstrap --quiet --variant=minbase "$@" "$suite" "$chroot"
    for f in /etc/resolv.conf /etc/hosts; do cp "$f" "$chroot/etc/" 2>/dev/null || true; done
    for f in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do [ ! -f "$f" ] || cp "$f" "$chroot/etc/apt/apt.conf.d/"; done
    mkdir -p "$chroot/src"
    git -c safe.directory='*' clone --quiet --no-hardlinks "$root" "$chroot/src/ganad"
    for d in proc sys dev; do
        mount --rbind "/$d" "$chroot/$d" && mount --make-rslave "$chroot/$d"
    done
}

remove_chroot() {
    local d
    for d in dev sys proc; do
        ! mountpoint -q "$chroot/$d" || umount -Rl "$chroot/$d" || return 1
    done
    [ -n "${KEEP-}" ] || rm -rf --one-file-system "$chroot"
}

# in_chroot [WRAPPER...] -- COMMAND...: runs COMMAND in /src/ganad, with the environment of a fresh
# login.
in_chroot() {
    local wrapper=()
    while [ "$1" != -- ]; do wrapper+=("$1") && shift; done
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 ${CI+CI="$CI"} \
        "${wrapper[@]}" chroot "$chroot" sh -c 'cd /src/ganad && "$@" </dev/null' sh "$@"
}
