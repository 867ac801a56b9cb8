# A measurement in process, by one suite of tests in a release build: prints what that prints behind BENCH. The first run compiles it,
# some minutes. Sourced.
measure_in_process() {
  local output
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  output=$(CREDENTIALFLOW_BENCH=1 Scripts/build --tests -c release -Xswiftc -enable-testing --scratch-path .build/bench \
    --filter "$1" 2>&1) || { printf '%s\n' "$output" | tail -20 >&2; return 1; }
  printf '%s\n' "$output" | sed -n 's/^BENCH //p'
}
