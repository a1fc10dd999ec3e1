# For scripts that try things in a Debian of their own; source it.
#
# Mounts and processes of such a root live in namespaces that end with the command, however
# it ends: nothing to unmount, and removing the folder cannot reach this machine's /dev.

# Whether this machine lets us; else says why not.
can_chroot() {
    if [ "$(id -u)" != 0 ]; then
        echo "not root"
    elif ! command -v debootstrap > /dev/null; then
        echo "debootstrap is not installed"
    elif ! unshare --mount --pid --fork true 2> /dev/null; then
        echo "no namespaces here (unshare fails)"
    else
        return 0
    fi
    return 1
}

# The mirror that this machine uses.
debian_mirror() {
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 2> /dev/null | head -n 1)
    echo "${mirror:-http://deb.debian.org/debian}"
}

# new_root SUITE DIRECTORY
new_root() {
    mkdir -p "$2"
    unshare --mount --pid --fork --kill-child \
        debootstrap --variant=minbase "$1" "$2" "$(debian_mirror)" > "$2.log" 2>&1 || {
        tail -n 5 "$2.log"
        return 1
    }
    rm -f "$2.log"
    cp -L /etc/resolv.conf "$2/etc/resolv.conf"
    # An archive that has fallen behind is as good for this as a fresh one.
    echo 'Acquire::Check-Valid-Until "false";' > "$2/etc/apt/apt.conf.d/90-archive"
}

# in_root DIRECTORY USER COMMAND...: with a clean environment and no stdin.
in_root() {
    local root=$1 user=$2
    shift 2
    unshare --mount --pid --fork --kill-child bash -c '
        set -e
        root=$1 user=$2
        shift 2
        mount --make-rprivate /
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        home=$(chroot "$root" getent passwd "$user" | cut -d: -f6)
        exec chroot --userspec="$user" "$root" env -i HOME="$home" USER="$user" LC_ALL=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
        in_root "$root" "$user" "$@" < /dev/null
}

# copy_tree FROM TO: the files that git would commit, as they are now.
copy_tree() {
    mkdir -p "$2"
    git -C "$1" ls-files -z --cached --others --exclude-standard |
        tar -C "$1" --null --files-from=- --ignore-failed-read -cf - | tar -C "$2" -xf -
}
