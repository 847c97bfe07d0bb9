#!/bin/bash
# Runs in a node's container before systemd does: keeps what happens in the node from changing the machine below it.
set -o errexit -o nounset -o pipefail

# These sysctls belong to the machine, not to the container. Those of the network are the container's own.
for group in fs kernel vm; do
  mount --bind "/proc/sys/${group}" "/proc/sys/${group}"
  mount -o remount,bind,ro "/proc/sys/${group}"
done

# The kubelet insists on these values and would write them: it is shown files of the container's own that have them already.
# (pkg/kubelet/cm/container_manager_linux.go of Kubernetes, setupKernelTunables)
mkdir -p /kind/sysctl
for setting in \
  vm/overcommit_memory=1 vm/panic_on_oom=0 \
  kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  shown="/kind/sysctl/${setting%%=*}"
  mkdir -p "${shown%/*}"
  echo "${setting##*=}" >"${shown}"
  mount --bind "${shown}" "/proc/sys/${setting%%=*}"
done

# On cgroup v1, systemd mounts every controller that /proc/cgroups lists, and a hierarchy that is mounted first in a container is
# there for the whole machine: all nodes share its root, and kubelets that find no cgroup of theirs in it do not start.
# So systemd is shown the mounted ones only. undo-mount-hacks.service uncovers the file again.
if [[ ! -f /sys/fs/cgroup/cgroup.controllers ]]; then
  mounted="$(findmnt --noheadings --list --types cgroup --output OPTIONS | tr ',' '\n' | sort -u)"
  awk 'NR == FNR { mounted[$1]; next } /^#/ || $1 in mounted' <(echo "${mounted}") /proc/cgroups >/kind/mounted-cgroups
  mount --bind /kind/mounted-cgroups /proc/cgroups
fi
