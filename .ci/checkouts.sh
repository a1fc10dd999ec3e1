# For scripts that build in two checkouts and compare; source it, with $tree set to the repository.
# shellcheck source=.ci/chroot.sh
. "$tree/.ci/chroot.sh"

# Nothing of this machine's settings, and an output root of its own for each checkout.
bazel_in() {
    local checkout=$1
    shift
    (cd "$checkout" && ./bazelw --nohome_rc --output_user_root="$checkout.out" --max_idle_secs=60 "$@")
}

# new_checkout FOLDER: what git would commit, as it is now.
new_checkout() {
    copy_tree "$tree" "$1"
    printf 'common --noshow_progress --color=no\n' > "$1/user.bazelrc"
}

remove_checkout() {
    [ ! -d "$1.out" ] || bazel_in "$1" shutdown > /dev/null 2>&1
    chmod -R u+w "$1.out" 2> /dev/null
    rm -rf "$1" "$1.out"
}

# start_cache FOLDER: a remote cache on a port that nobody has; sets $url, and $server for stop_cache.
start_cache() {
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    url=http://127.0.0.1:$port
    "$tree/toolchain/remote/cache_server" "$1" "$port" &
    server=$!
    for _ in {1..100}; do
        python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2> /dev/null && return
        sleep 0.1
    done
    echo "no server on port $port"
    return 1
}

stop_cache() {
    [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2> /dev/null
    server=
}
