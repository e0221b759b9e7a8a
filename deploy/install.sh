#!/usr/bin/env bash
# Installs scorpio, antares and scorpio-overlay from a release tarball. See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: install.sh --version vX.Y.Z [OPTIONS]

  --version TAG              release to install; needed unless --uninstall or --rollback
  --prefix DIR               programs go to DIR/bin, what they need to DIR/lib/scorpiofs [/usr/local]
  --dry-run                  print every step, change nothing
  --uninstall                remove the programs; configuration and data stay
  --rollback                 go back to the release that was installed before
  --no-deps                  do not install system packages
  --systemd                  make the user scorpiofs and install the unit; it is neither enabled nor started
  --enable-user-allow-other  add user_allow_other to /etc/fuse.conf
  -h, --help                 print this

Where releases lie is SCORPIOFS_RELEASE_BASE (a URL or file:// directory that holds TAG/FILE).
SCORPIOFS_ROOT is put before /etc paths, for images and tests. Node 20.19 or newer is needed and not installed.
TEXT
}

step() { printf '==> %s\n' "$*"; }
warn() { printf 'WARN: %s\n' "$*" >&2; }
die() {
  printf 'ERROR: %s\n' "$*" >&2
  exit 1
}

# No default: other projects publish files of the same names.
base=${SCORPIOFS_RELEASE_BASE:-}
root=${SCORPIOFS_ROOT:-}
prefix=/usr/local version='' dry=no action=install deps=yes allow=no systemd=no

value() { if [ $# -lt 2 ] || [ -z "$2" ]; then die "$1 needs a value"; fi; }
while [ $# -gt 0 ]; do
  case "$1" in
    --version) value "$@"; version=$2; shift ;;
    --prefix) value "$@"; prefix=$2; shift ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    --rollback) action=rollback ;;
    --no-deps) deps=no ;;
    --systemd) systemd=yes ;;
    --enable-user-allow-other) allow=yes ;;
    -h | --help) usage; exit 0 ;;
    *) die "unknown option $1 (see --help)" ;;
  esac
  shift
done
lib=$prefix/lib/scorpiofs
programs='scorpio antares scorpio-overlay'

run() {
  if [ "$dry" = yes ]; then printf '  [dry-run] %s\n' "$*"; else "$@"; fi
}

# The link is replaced in one step: there is no moment without a program.
point_current() {
  run ln -sfn "$1" "$lib/current.new"
  run mv -T "$lib/current.new" "$lib/current"
}

if [ "$action" = uninstall ]; then
  step "Removing programs from $prefix/bin"
  for name in $programs; do run rm -f "$prefix/bin/$name"; done
  run rm -rf "$lib"
  step "Kept: $root/etc/scorpiofs and $root/var/lib/scorpiofs; delete them by hand if you want"
  exit 0
fi

if [ "$action" = rollback ]; then
  [ -L "$lib/previous" ] || die "no earlier release in $lib"
  before=$(readlink "$lib/previous") now=$(readlink "$lib/current")
  step "Going back from $now to $before"
  point_current "$before"
  run ln -sfn "$now" "$lib/previous"
  exit 0
fi

[ -n "$version" ] || die '--version is needed (see --help)'
[[ $version =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]] || die "not a release tag: $version"
[ -n "$base" ] || die 'SCORPIOFS_RELEASE_BASE is not set: say where the releases lie'
libc=gnu
if ls /lib/ld-musl-* >/dev/null 2>&1; then libc=musl; fi
case "$(uname -m)" in
  x86_64 | amd64) target=x86_64-unknown-linux-$libc ;;
  aarch64 | arm64) target=aarch64-unknown-linux-$libc ;;
  *) die "no release for $(uname -m)" ;;
esac
name=scorpiofs-$version-$target

if [ "$deps" = yes ]; then
  step 'Installing system packages'
  if command -v apt-get >/dev/null; then run apt-get install -y fuse3 git ca-certificates
  elif command -v dnf >/dev/null; then run dnf install -y fuse3 git ca-certificates
  elif command -v pacman >/dev/null; then run pacman -S --needed --noconfirm fuse3 git ca-certificates
  else warn 'no known package manager: install fuse3, git and ca-certificates yourself'; fi
fi
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null ||
  { [ "$dry" = yes ] && warn 'Node 20.19 or newer is not installed'; } || die 'Node 20.19 or newer is needed'

work=''
fetch() { # URL FILE
  if command -v curl >/dev/null; then run curl -fsSL -o "$2" "$1"
  elif command -v wget >/dev/null; then run wget -qO "$2" "$1"
  else die 'curl or wget is needed'; fi
}
if [ "$dry" = yes ]; then work=/tmp/scorpiofs-install; else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
step "Downloading $name"
for file in "$name.tar.gz" "$name.tar.gz.sha256"; do
  fetch "$base/$version/$file" "$work/$file" || die "cannot download $base/$version/$file"
done
step 'Verifying the checksum'
if [ "$dry" = no ]; then
  (cd "$work" && sha256sum -c --quiet "$name.tar.gz.sha256") || die 'the tarball does not match its checksum; nothing was installed'
fi

step "Installing to $prefix"
run mkdir -p "$lib" "$prefix/bin"
run tar -C "$work" -xzf "$work/$name.tar.gz"
if [ "$dry" = no ]; then
  # Tried before it replaces anything.
  "$work/$name/scorpio" --version >/dev/null || die 'the new program does not start here; nothing was changed'
fi
run rm -rf "$lib/$version.new"
run mv "$work/$name" "$lib/$version.new"
run rm -rf "${lib:?}/$version"
run mv "$lib/$version.new" "$lib/$version"
old=$(readlink "$lib/current" 2>/dev/null) || old=''
if [ -n "$old" ] && [ "$old" != "$version" ]; then run ln -sfn "$old" "$lib/previous"; fi
point_current "$version"
for program in $programs; do run ln -sfn "$lib/current/$program" "$prefix/bin/$program"; done

config=$root/etc/scorpiofs/scorpio.toml
if [ -e "$config" ]; then
  step "Keeping $config"
else
  step "Writing $config"
  run mkdir -p "$root/etc/scorpiofs"
  if [ "$dry" = no ]; then
    cat >"$config" <<'TOML'
base_url = "http://localhost:8000"
lfs_url = "http://localhost:8000/lfs"
workspace = "/var/lib/scorpiofs/mount"
store_path = "/var/lib/scorpiofs/store"
config_file = "/var/lib/scorpiofs/config.toml"
git_author = "MEGA"
git_email = "admin@mega.org"
antares_upper_root = "/var/lib/scorpiofs/antares/upper"
antares_cl_root = "/var/lib/scorpiofs/antares/cl"
antares_mount_root = "/var/lib/scorpiofs/antares/mnt"
antares_state_file = "/var/lib/scorpiofs/antares/state.toml"
http_addr = "127.0.0.1:2725"
TOML
  fi
fi
if [ "$dry" = no ] && ! "$prefix/bin/scorpio" --config-path "$config" config validate >/dev/null; then
  if [ -n "$old" ] && [ "$old" != "$version" ] && "$lib/$old/scorpio" --config-path "$config" config validate >/dev/null 2>&1; then
    point_current "$old"
    die "$version does not accept $config, which $old does; went back to $old"
  fi
  warn "$config has problems: run scorpio --config-path $config config validate"
fi

if [ "$allow" = yes ]; then
  if grep -qs '^[[:space:]]*user_allow_other[[:space:]]*$' "$root/etc/fuse.conf"; then
    step "$root/etc/fuse.conf already has user_allow_other"
  else
    step "Adding user_allow_other to $root/etc/fuse.conf"
    if [ "$dry" = no ]; then echo user_allow_other >>"$root/etc/fuse.conf"; fi
  fi
fi
if [ "$systemd" = yes ]; then
  if [ -z "$root" ] && ! id scorpiofs >/dev/null 2>&1; then
    step 'Making the system user scorpiofs'
    run useradd --system --user-group --no-create-home --shell /usr/sbin/nologin scorpiofs
  fi
  units=$root/etc/systemd/system
  step "Installing $units/scorpiofs.service"
  run mkdir -p "$units"
  for unit in scorpiofs.service scorpiofs-antares.service; do
    if [ "$dry" = yes ]; then printf '  [dry-run] write %s\n' "$units/$unit"
    else sed "s#/usr/local/bin/#$prefix/bin/#" "$lib/$version/systemd/$unit" >"$units/$unit"; fi
  done
  if [ -z "$root" ] && command -v systemctl >/dev/null; then
    run systemctl daemon-reload || warn 'systemd was not told: run systemctl daemon-reload'
  fi
  step 'Start it with: systemctl enable --now scorpiofs'
fi
step "Done. Set base_url in $config, then: scorpio --config-path $config serve"
