#!/usr/bin/env bash
# Everything that only a GPU can show, in one command of under nine minutes, on a plain copy of the checkout:
#
#   bash benchmarks/studies/gpu_check.sh OUT [COMMIT]
#
# It runs the device tests, a session of the gpu preset (its second stage is the profiler's, its ring.* cases are the sweep
# of the ring's geometries), and leaves a handful of files in OUT. It needs numpy, torch, pytest, pytest-benchmark,
# pytest-timeout, psutil, typer and rich. Every part has its own limit of time, and what one part leaves is kept
# whatever becomes of the next: an unfinished session keeps its finished cases in OUT/*.partial, and goes on with
# `python -m benchmarks run --resume --out OUT --commit COMMIT`. PARTS="session" leaves the other parts out.
set -uo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=${1:?usage: gpu_check.sh OUT [COMMIT]}
commit=${2:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
python=${PYTHON:-python3}
tests_limit_s=${TESTS_LIMIT_S:-120}
session_limit_s=${SESSION_LIMIT_S:-390}
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
mkdir -p "$out"
worst=0

part() {  # a name, a limit in seconds, a command: its output goes to OUT/name.txt, its end to standard output
  local name=$1 limit_s=$2 began=$SECONDS status
  shift 2
  timeout --signal=INT --kill-after=15 "$limit_s" "$@" >"$out/$name.txt" 2>&1
  status=$?
  [ "$status" -le "$worst" ] || worst=$status
  printf '==== %s: exit code %d after %d s\n' "$name" "$status" $((SECONDS - began))
  tail -n 12 "$out/$name.txt"
}

"$python" -c 'import torch; raise SystemExit(not torch.cuda.is_available())' || {
  echo "gpu_check.sh needs a CUDA device, and torch finds none" >&2
  exit 2
}
parts=${PARTS:-machine device-tests session}
[[ $parts == *machine* ]] && part machine 30 bash -c 'nvidia-smi; nvidia-smi --query-gpu=pcie.link.gen.max,pcie.link.width.max --format=csv; lscpu; free -g'
[[ $parts == *device-tests* ]] && part device-tests "$tests_limit_s" "$python" -m pytest -q -p no:cacheprovider -m gpu tests/device
[[ $parts == *session* ]] && part session "$session_limit_s" "$python" -m benchmarks run --preset gpu --commit "$commit" --out "$out"
exit "$worst"
