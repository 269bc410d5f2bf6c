#!/bin/bash
# One rank in each of two network namespaces of this machine, joined by a link of a given rate: a program sees two machines.
#
#   tests/benchmarks/ranks/network.sh 10gbit .venv/bin/python examples/data_parallel.py
#
# It needs root, iproute2 (ip, tc), and the mpiexec beside that python. Everything is removed at the end.
set -euo pipefail
rate=$1
shift
scratch=$(mktemp -d)
ends() {
    ip netns del tl0 2>/dev/null || true
    ip netns del tl1 2>/dev/null || true
    rm -rf "$scratch"
}
trap ends EXIT
for i in 0 1; do
    ip netns add "tl$i"
    ip -n "tl$i" link set lo up
done
ip link add wire0 netns tl0 type veth peer name wire1 netns tl1
for i in 0 1; do
    ip -n "tl$i" addr add "10.77.0.$((i + 1))/24" dev "wire$i"
    ip -n "tl$i" link set "wire$i" up gso_max_size 11000
    ip netns exec "tl$i" tc qdisc replace dev "wire$i" root tbf rate "$rate" burst 64kb latency 20ms
done
# mpiexec asks ssh to start its daemon on the other machine; this stands in for it: HOST COMMAND...
cat >"$scratch/ssh" <<'AGENT'
#!/bin/sh
while :; do case "$1" in -*) shift ;; *) break ;; esac; done
n=$((${1##*.} - 1))
shift
exec ip netns exec "tl$n" unshare --uts sh -c "hostname node$n; $*"
AGENT
chmod +x "$scratch/ssh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1
ip netns exec tl0 unshare --uts sh -c 'hostname node0; exec "$@"' x \
    "$(dirname "$1")/mpiexec" --prtemca plm ssh --prtemca plm_ssh_agent "$scratch/ssh" --host 10.77.0.1:1,10.77.0.2:1 -np 2 \
    --bind-to none -x OPENBLAS_NUM_THREADS --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 "$@"
